import Tensors

/// A warning ended a run whose recipe says `monitor.policy: stop`. Exit code 76.
public struct StoppedByWarning: ExitCoded, CustomStringConvertible {
  /// The warning, its step, and how to continue.
  public let description: String
  public var exitCode: Int32 { 76 }

  public init(_ description: String) { self.description = description }
}
