import Tensors

/// Improved precision and recall (Kynkäänniemi et al., arXiv 1904.06991, Eq. 2): how much of what is generated looks
/// real, and how much of what is real can be generated.
///
/// A student that collapses to a few good modes keeps its precision and loses its recall. Both depend on the numbers of
/// samples: compare values from sets of the same sizes.
public struct PrecisionRecall: Equatable, Sendable {
  /// The share of generated samples inside the manifold of the real ones.
  public let precision: Estimate
  /// The share of real samples inside the manifold of the generated ones.
  public let recall: Estimate

  /// Known values, without intervals.
  public init(precision: Double, recall: Double) {
    self.precision = Estimate(precision)
    self.recall = Estimate(recall)
  }

  /// The real side is computed once for many generated ones.
  ///
  /// - Parameter resamples: of the samples that each is a share of, the other side's balls given: precision's of the
  ///   generated ones, recall's of the real ones. Balls around resampled centres would shrink, as copies of a sample are
  ///   each other's nearest neighbours. Without them there are no intervals.
  public init(
    real: FeatureManifold, generated: FeatureManifold, resamples: (real: Resamples, generated: Resamples)? = nil
  ) throws {
    precision = try Estimate(shareOf: real.contains(generated.features), resamples?.generated)
    recall = try Estimate(shareOf: generated.contains(real.features), resamples?.real)
  }

  /// - Parameters:
  ///   - real: features [n, d]
  ///   - generated: features [m, d]
  ///   - neighbours: k; the paper takes 3.
  /// - Throws: `Failure` if a side has not more than k samples.
  public init(real: Tensor, generated: Tensor, neighbours: Int = 3, tile: Int = 1024) throws {
    try self.init(
      real: FeatureManifold(real, neighbours: neighbours, tile: tile),
      generated: FeatureManifold(generated, neighbours: neighbours, tile: tile))
  }
}
