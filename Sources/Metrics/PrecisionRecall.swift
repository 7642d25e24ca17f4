import Tensors

/// Improved precision and recall (Kynkäänniemi et al., arXiv 1904.06991, Eq. 2): the share of generated samples that
/// look real, and the share of real samples that can be generated.
///
/// A student that collapses to a few good modes keeps its precision and loses its recall. Both depend on the numbers of
/// samples: compare only values from sets of the same sizes.
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
  /// - Parameter resamples: resamples with the other side's balls fixed: of the generated samples for precision, of the
  ///   real ones for recall. Balls around resampled centers would shrink, since copies of a sample are each other's
  ///   nearest neighbors. Without resamples there are no intervals.
  public init(
    real: FeatureManifold, generated: FeatureManifold, resamples: (real: Resamples, generated: Resamples)? = nil
  ) throws {
    precision = try Estimate(shareOf: real.contains(generated.features), resamples?.generated)
    recall = try Estimate(shareOf: generated.contains(real.features), resamples?.real)
  }

  /// - Parameters:
  ///   - real: features [n, d]
  ///   - generated: features [m, d]
  ///   - neighbours: k; the paper uses 3.
  /// - Throws: `Failure` if a side does not have more than k samples.
  public init(real: Tensor, generated: Tensor, neighbours: Int = 3, tile: Int = 1024) throws {
    try self.init(
      real: FeatureManifold(real, neighbours: neighbours, tile: tile),
      generated: FeatureManifold(generated, neighbours: neighbours, tile: tile))
  }
}
