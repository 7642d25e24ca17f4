import Foundation
import Synchronization

/// Ctrl-C and SIGTERM, checked between steps: the run saves and ends. A second signal ends it at once.
public enum Signals {
  private static let count = Atomic<Int>(0)
  private static let isTold = Atomic<Bool>(false)

  public static var isRequested: Bool { count.load(ordering: .relaxed) > 0 || isTold.load(ordering: .relaxed) }

  /// Notes that another process of the same work got a signal. This process's own, which may come later, is not its second.
  public static func tell() { isTold.store(true, ordering: .relaxed) }

  /// Handles the signals. A process inherits the signals that its parent's thread blocks, for example in a server that
  /// starts runs. So this unblocks them.
  public static func listen() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signalNumber in [SIGINT, SIGTERM] { sigaddset(&signals, signalNumber) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        if Signals.count.wrappingAdd(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
  }
}
