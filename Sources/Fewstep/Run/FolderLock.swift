import Files
import Foundation
import Tensors

/// A lock on a folder for one process: two runs in one folder would overwrite each other's checkpoints.
final class FolderLock {
  private let descriptor: Int32

  /// - Throws: `Failure` if another process holds it.
  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(.io, at: path, "the folder cannot be opened") }
    // Some network file systems have no locks. Training is still allowed there.
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
    throw Failure(
      .io, at: path, "another process is training in this folder",
      advice: "Wait for it, or name another folder with --into.")
  }

  deinit { close(descriptor) }
}
