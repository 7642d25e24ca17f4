import CSpawn
import Foundation
import Tensors

/// A pipe whose ends are closed in `deinit`.
final class PipeEnds {
  private(set) var reading: Int32
  private(set) var writing: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    let status = cs_pipe(&ends)
    guard status == 0 else { throw Failure.system(status, "cannot make a pipe", path: "pipe") }
    (reading, writing) = (ends[0], ends[1])
  }

  deinit { for end in [reading, writing] where end >= 0 { close(end) } }

  /// From now on the caller must close this end.
  func takeReading() -> Int32 {
    defer { reading = -1 }
    return reading
  }

  func takeWriting() -> Int32 {
    defer { writing = -1 }
    return writing
  }
}

/// Runs a write(2) without the SIGPIPE that would end the process: blocks the signal, and removes it if it arrived.
func withoutBrokenPipe(_ write: () -> Int) -> Int {
  var (broken, before, waiting) = (sigset_t(), sigset_t(), sigset_t())
  sigemptyset(&broken)
  sigaddset(&broken, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &broken, &before)
  sigpending(&waiting)
  let count = write()
  let code = errno
  if count < 0, code == EPIPE, sigismember(&waiting, SIGPIPE) == 0 {
    var atOnce = timespec()
    sigtimedwait(&broken, nil, &atOnce)
  }
  pthread_sigmask(SIG_SETMASK, &before, nil)
  errno = code
  return count
}
