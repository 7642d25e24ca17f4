import Foundation

/// Splits an error output into lines, passes each on, and keeps the last ones.
struct LogLines {
  private(set) var last = [String]()
  private let note: (String) -> Void
  private var line = [UInt8]()

  private static let kept = 12
  private static let longest = 2000

  init(_ note: @escaping (String) -> Void) { self.note = note }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    for byte in bytes {
      // Progress bars end their lines with \r.
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { end() } else { line.append(byte) }
      if line.count == Self.longest { end() }
    }
  }

  /// Ends the unfinished line, if there is one.
  mutating func end() {
    let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    line.removeAll()
    guard !text.isEmpty else { return }
    last = last.suffix(Self.kept - 1) + [text]
    note(text)
  }
}
