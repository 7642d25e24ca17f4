import CTorch
import Foundation
import Synchronization

/// Texts by key that processes share, in c10d's TCPStore: how they find each other, and what they tell each other besides
/// tensors.
public final class ProcessStore: @unchecked Sendable {  // c10d locks each connection
  private let handle: ct_store_t

  /// - Parameters:
  ///   - serves: whether this process holds the store for all.
  ///   - timeout: seconds in which it must be reached.
  ///   - prefix: keeps its keys apart from others' in the same store.
  public init(host: String, port: Int, serves: Bool, timeout: Double, prefix: String) throws {
    var out: ct_store_t?
    try check(
      ct_store_open(host, Int32(port), serves, Int64(timeout * 1000), prefix, &out), "store at \(host):\(port)")
    handle = out!
  }

  /// As `init`, but in a thread of its own: c10d waits without end for something at that port that is no store.
  public static func reached(
    host: String, port: Int, serves: Bool, timeout: Double, prefix: String
  ) throws -> ProcessStore {
    final class Opening: Sendable {
      let result = Mutex<Result<ProcessStore, any Error>?>(nil)
      let isOver = DispatchSemaphore(value: 0)
    }
    let opening = Opening()
    Thread {
      let result = Result {
        try ProcessStore(host: host, port: port, serves: serves, timeout: timeout, prefix: prefix)
      }
      opening.result.withLock { $0 = result }
      opening.isOver.signal()
    }.start()
    // c10d's own error comes first if it has one.
    let deadline = ContinuousClock.now + .seconds(timeout + 2)
    while opening.isOver.wait(timeout: .now() + 0.2) == .timedOut {
      try checkInterruption()
      guard ContinuousClock.now < deadline else {
        throw TensorError("store at \(host):\(port)", "nothing there answers as a store does")
      }
    }
    return try opening.result.withLock { $0! }.get()
  }

  private init(owning handle: ct_store_t) { self.handle = handle }

  deinit { ct_store_close(handle) }

  /// A connection of its own, for another thread: while one waits, its connection takes no other call.
  public func connection() throws -> ProcessStore {
    var out: ct_store_t?
    try check(ct_store_clone(handle, &out), "store")
    return ProcessStore(owning: out!)
  }

  public func set(_ key: String, _ value: String) throws {
    try check(ct_store_set(handle, key, value), "store, \(key)")
  }

  /// The value of a key, or nil if there is none within so many seconds.
  public func value(_ key: String, within seconds: Double) throws -> String? {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var out: UnsafeMutablePointer<CChar>?
    let status = ct_store_get(handle, key, Int64(max(1, seconds * 1000)), &out)
    if status != 0, try ContinuousClock.now >= deadline && !has(key) { return nil }
    try check(status, "store, \(key)")
    defer { free(out) }
    return out.map { String(cString: $0) }
  }

  public func has(_ key: String) throws -> Bool {
    var found = false
    try check(ct_store_has(handle, key, &found), "store, \(key)")
    return found
  }

  public func remove(_ key: String) throws { try check(ct_store_remove(handle, key), "store, \(key)") }

  func withHandle<R>(_ body: (ct_store_t) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(handle) }
  }
}
