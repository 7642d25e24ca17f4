import Fewstep
import Tensors

/// How far samples are from where they were: the mean squared difference of each.
public struct Displacement {
  public init() {}

  /// before and after [B, ...] -> [B]
  public func callAsFunction(_ before: Tensor, _ after: Tensor) throws -> Tensor {
    try (after - before).squared().meanPerSample()
  }
}
