import Synchronization

/// Lets long work stop between two operators.
enum Interruption {
  @TaskLocal static var check: (@Sendable () throws -> Void)?
  /// The number of `uninterrupted` bodies that run, in any thread.
  static let shields = Atomic<Int>(0)
  static let operators = Atomic<Int>(0)
}

/// How many operators this process has begun: whoever works makes it grow.
public func operatorCount() -> Int { Interruption.operators.load(ordering: .relaxed) }

/// Runs `body` to its end, whatever `interruptible` says around it: what other processes wait for must not stop halfway.
public func uninterrupted<R>(_ body: () throws -> R) rethrows -> R {
  Interruption.shields.wrappingAdd(1, ordering: .relaxed)
  defer { Interruption.shields.wrappingSubtract(1, ordering: .relaxed) }
  return try body()
}

/// Runs `body`. Before each operator `check` is called, and what it throws ends the work, such as after Ctrl-C.
///
/// Synchronous only. Operators of a backward pass run inside libtorch, and are not stopped. Inner checks replace outer ones.
public func interruptible<R>(by check: @escaping @Sendable () throws -> Void, _ body: () throws -> R) throws -> R {
  try check()
  return try Interruption.$check.withValue(check) { try body() }
}

/// Ends the work here if `interruptible` says so, as before each operator.
public func checkInterruption() throws {
  Interruption.operators.wrappingAdd(1, ordering: .relaxed)
  if let check = Interruption.check, Interruption.shields.load(ordering: .relaxed) == 0 { try check() }
}
