import Tensors

/// Improved precision and recall (Kynkäänniemi et al., arXiv 1904.06991, Eq. 2): how much of what is generated looks
/// real, and how much of what is real can be generated.
///
/// A student that collapses to a few good modes keeps its precision and loses its recall. Both depend on the numbers of
/// samples: compare values from sets of the same sizes.
public struct PrecisionRecall: Equatable, Sendable {
  /// The share of generated samples inside the manifold of the real ones.
  public let precision: Double
  /// The share of real samples inside the manifold of the generated ones.
  public let recall: Double

  public init(precision: Double, recall: Double) {
    self.precision = precision
    self.recall = recall
  }

  /// The real side is computed once for many generated ones.
  public init(real: FeatureManifold, generated: FeatureManifold) throws {
    precision = try real.coverage(of: generated.features)
    recall = try generated.coverage(of: real.features)
  }

  /// - Parameters:
  ///   - real: features [n, d]
  ///   - generated: features [m, d]
  ///   - neighbours: k; the paper takes 3.
  /// - Throws: `EvaluationError` where a side has not more than k samples.
  public init(real: Tensor, generated: Tensor, neighbours: Int = 3, tile: Int = 1024) throws {
    try self.init(
      real: FeatureManifold(real, neighbours: neighbours, tile: tile),
      generated: FeatureManifold(generated, neighbours: neighbours, tile: tile))
  }
}
