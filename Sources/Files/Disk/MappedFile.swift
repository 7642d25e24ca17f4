import Foundation
import Tensors

/// A file's bytes, mapped read-only into memory for as long as this object lives.
///
/// Pages are read from disk on first access. The file must not be truncated in place meanwhile: the system ends a
/// process that touches a missing page. Replacing the file by a rename is harmless.
package final class MappedFile: Sendable {
  let path: String
  package let count: Int
  // Read-only memory that is unmapped only in deinit is safe to share between threads.
  nonisolated(unsafe) let start: UnsafeRawPointer

  /// - Throws: `Failure`: `.missing` if there is no such file, `.malformed` if it is empty.
  package init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw Failure.system(errno, "cannot open the file", path: path) }
    defer { _ = Foundation.close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw Failure.system(errno, "cannot examine the file", path: path) }
    if status.st_mode & S_IFMT == S_IFDIR { throw Failure.system(EISDIR, "cannot read the file", path: path) }
    count = Int(status.st_size)
    if count == 0 {
      throw Failure(.malformed, at: path, "the file is empty", advice: "Copy or download it again.")
    }
    guard let mapped = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), mapped != MAP_FAILED else {
      throw Failure.system(errno, "cannot map the file into memory", path: path)
    }
    start = UnsafeRawPointer(mapped)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: start), count)
  }

  /// Calls `body` with the bytes from `offset` on. The caller has checked the bounds.
  package func withBytes<R>(_ offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: start + offset, count: count)) }
  }
}
