import Foundation
import Tensors

/// A file that is written from beginning to end. Do not use it from two threads at once.
final class OutputFile {
  let path: String
  private(set) var byteCount = 0
  private var descriptor: Int32

  /// Makes a new file, readable by everyone.
  ///
  /// - Throws: `Failure` of kind `.missing` if the folder is absent, else `.io`; an existing file is refused.
  init(creating path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Failure.system(errno, "cannot create the file", path: path, creates: true) }
  }

  deinit {
    if descriptor >= 0 { _ = Foundation.close(descriptor) }
  }

  /// Appends all the bytes, or none of them: if the disk fills up, the file is truncated to its old length.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let written = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if written < 0 {
        let code = errno
        if code == EINTR { continue }
        _ = ftruncate(descriptor, off_t(byteCount))
        _ = lseek(descriptor, off_t(byteCount), SEEK_SET)
        throw Failure.system(code, "cannot write the file", path: path)
      }
      done += written
    }
    byteCount += done
  }

  func append(_ data: Data) throws {
    try data.withUnsafeBytes { try append($0) }
  }

  /// Waits until the bytes are on disk.
  func synchronize() throws {
    if fsync(descriptor) != 0 { throw Failure.system(errno, "cannot flush the file", path: path) }
  }

  func close() throws {
    let open = descriptor
    descriptor = -1
    // Linux releases the descriptor even if close fails, so it must not be closed again.
    if open >= 0, Foundation.close(open) != 0 {
      throw Failure.system(errno, "cannot close the file", path: path)
    }
  }
}
