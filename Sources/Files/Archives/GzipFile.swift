import CZlib
import Foundation
import Tensors

/// A file that is read from start to end, and decompressed if it is in gzip's format.
package final class GzipFile {
  private let path: String
  private let handle: gzFile

  package init(_ path: String) throws {
    self.path = path
    guard let handle = gzopen(path, "rb") else {
      throw Failure.system(errno == 0 ? ENOMEM : errno, "cannot open the file", path: path)
    }
    self.handle = handle
    gzbuffer(handle, 1 << 18)
  }

  deinit { gzclose(handle) }

  /// Reads exactly `count` bytes, in pieces: a damaged header cannot cause an allocation larger than the file.
  ///
  /// - Throws: `.malformed` if the file ends earlier; `what` names the part in the error.
  package func read(_ count: Int, _ what: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let wanted = min(count - bytes.count, 1 << 22)
      let piece = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        filled = try read(into: buffer.baseAddress, wanted)
      }
      if piece.isEmpty {
        throw Failure(
          .malformed, at: path, "the file ends too early", expected: "\(count) bytes for \(what)",
          got: "\(bytes.count)",
          advice: "Download it again.")
      }
      bytes += piece
    }
    return bytes
  }

  package func hasMore() throws -> Bool {
    var byte: UInt8 = 0
    return try read(into: &byte, 1) > 0
  }

  private func read(into buffer: UnsafeMutableRawPointer?, _ count: Int) throws -> Int {
    let got = gzread(handle, buffer, UInt32(count))
    var code: Int32 = 0
    let message = gzerror(handle, &code)
    if got < 0 || (code != Z_OK && code != Z_STREAM_END) {
      if code == Z_ERRNO { throw Failure.system(errno, "cannot read the file", path: path) }
      let reason = message.map { String(cString: $0) }.flatMap { $0.split(separator: ":").last.map(String.init) } ?? ""
      throw Failure(
        .malformed, at: path, "the compressed data is damaged or cut short:\(reason)", advice: "Download it again.")
    }
    return Int(got)
  }
}
