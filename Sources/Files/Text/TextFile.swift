import Foundation
import Tensors

/// A text file's lines, with their numbers for errors.
package struct TextFile {
  package struct Line {
    /// The line number, from 1 on.
    package let number: Int
    package let text: String
  }

  package let path: String
  package let bytes: [UInt8]

  /// - Throws: `Failure` if the file cannot be read.
  package init(_ path: String) throws {
    self.path = path
    if access(path, R_OK) != 0 { throw Failure.system(errno, "cannot read the file", path: path) }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
  }

  /// The whole text.
  package var text: String { get throws { try decoded(bytes[...], at: path) } }

  /// The non-blank lines, without their line breaks. Unicode's other line separators may occur inside a line.
  package var lines: [Line] {
    get throws {
      try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().compactMap {
        let line = $1.last == UInt8(ascii: "\r") ? $1.dropLast() : $1
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return nil }
        return Line(number: $0 + 1, text: try decoded(line, at: "\(path):\($0 + 1)"))
      }
    }
  }

  private func decoded(_ bytes: ArraySlice<UInt8>, at place: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.malformed, at: place, "this is not text in UTF-8")
    }
    return text
  }
}
