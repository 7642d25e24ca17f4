import Foundation

/// A process that this one started and has not waited for yet. It leads its own process group.
public final class RunningProcess {
  /// How a process ended.
  public enum Ending: Equatable, Sendable {
    case exit(code: Int32)
    case signal(Int32)

    /// The exit code; 128 or more if a signal ended it, as in a shell.
    public var status: Int32 {
      switch self {
      case .exit(let code): code
      case .signal(let number): 128 + number
      }
    }

    /// Converts the status that waitpid(2) returns.
    init(waitStatus status: Int32) {
      self = status & 0x7f == 0 ? .exit(code: status >> 8 & 0xff) : .signal(status & 0x7f)
    }
  }

  public let id: pid_t
  private var ending: Ending?
  /// Ends it with this process, if it must not outlive that.
  var guardian: ProcessGuard?

  init(_ id: pid_t) { self.id = id }

  /// Whether it still runs. It has not been waited for, so its process ID cannot have been reused yet.
  public var isRunning: Bool {
    guard ending == nil else { return false }
    var info = siginfo_t()
    return waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo != SIGCHLD
  }

  /// Sends a signal to this process only.
  public func send(_ signal: Int32) { if ending == nil { kill(id, signal) } }

  /// Sends a signal to it and to all its child processes.
  public func sendToGroup(_ signal: Int32) { if ending == nil { kill(-id, signal) } }

  /// Waits until it has ended.
  @discardableResult
  public func wait() -> Ending {
    if let ending { return ending }
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    let made = Ending(waitStatus: status)
    ending = made
    return made
  }

  /// Waits for it, for a limited number of seconds: a process that waits for a device cannot be killed.
  ///
  /// - Returns: nil if it has not ended.
  func wait(seconds: Int) -> Ending? {
    for _ in 0..<100 * seconds where isRunning { usleep(10_000) }
    return isRunning ? nil : wait()
  }
}
