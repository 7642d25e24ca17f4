/// A benchmark cannot be made or scored: what is wrong, where, and what to do.
public struct BenchmarkError: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
