import Foundation
import Synchronization

/// Ctrl-C and SIGTERM, seen between steps: the run saves and ends. A second one ends it at once.
public enum Interruption {
  private static let count = Atomic<Int>(0)

  public static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  public static func listen() {
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        if Interruption.count.wrappingAdd(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
  }
}
