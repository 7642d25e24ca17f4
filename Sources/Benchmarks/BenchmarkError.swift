import Tensors

/// A benchmark cannot be made or scored: what is wrong, where, and what to do.
public struct BenchmarkError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.malformed.rawValue }
  public let description: String

  public init(_ description: String) { self.description = description }
}
