import Tensors

/// The Fréchet distance between Gaussians fitted to two sets of features (Heusel et al., arXiv 1706.08500, Eq. 6):
/// |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½). With Inception features it is known as FID.
///
/// Σ₁Σ₂ is not symmetric, but has the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric and positive semidefinite. So two
/// symmetric eigendecompositions give the trace, even for singular covariances, whereas a Schur-based root of the
/// product needs an offset on the diagonal. The reference's decomposition is computed once.
public struct FrechetDistance {
  /// The statistics of the reference.
  public let reference: FeatureStatistics
  /// Σ₁^½, float64 [d, d].
  let root: Tensor

  /// Decomposes the reference's covariance.
  public init(to reference: FeatureStatistics) throws {
    self.reference = reference
    let (values, vectors) = try reference.covariance.symmetricEigen()
    let roots = try Tensor(Self.rootsOfSpectrum(values))
    root = try matmul(vectors * roots, vectors.transposed(0, 1))
  }

  /// The distance of `generated` from the reference; never negative.
  ///
  /// - Throws: `Failure` if the two have different numbers of features.
  public func callAsFunction(_ generated: FeatureStatistics) throws -> Double {
    try distance(generated, spectrum(generated).roots)
  }

  /// The square roots [d] of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, and its eigenvectors, float64 [d, d].
  func spectrum(_ generated: FeatureStatistics) throws -> (roots: [Double], vectors: Tensor) {
    guard generated.dimension == reference.dimension else {
      throw Failure(
        .malformed, at: "Fréchet distance", expected: "\(reference.dimension) features, as the reference has",
        got: "\([generated.dimension])")
    }
    let product = try matmul(matmul(root, generated.covariance), root)
    let symmetric = try (product + product.transposed(0, 1)) / 2
    let (values, vectors) = try symmetric.symmetricEigen()
    return (try Self.rootsOfSpectrum(values), vectors)
  }

  func distance(_ generated: FeatureStatistics, _ roots: [Double]) throws -> Double {
    let between = try sum((reference.mean - generated.mean).squared()).item()
    let traces = try (reference.covariance.trace() + generated.covariance.trace()).item()
    return max(0, between + traces - 2 * roots.reduce(0, +))
  }

  /// The distance between two sets of features [n, d] and [m, d].
  public static func between(_ a: Tensor, _ b: Tensor) throws -> Double {
    try FrechetDistance(to: FeatureStatistics(a))(FeatureStatistics(b))
  }

  /// The square roots of the eigenvalues [d] of a positive semidefinite matrix.
  ///
  /// Eigenvalues that should be 0 are ±ε|λ| numerically, and their roots, about 1e-8, would add up over a large null
  /// space. Values below the usual bound of rank, d ε max|λ|, count as 0.
  private static func rootsOfSpectrum(_ eigenvalues: Tensor) throws -> [Double] {
    let values = try eigenvalues.doubles()
    let bound = Double(values.count) * .ulpOfOne * values.reduce(0) { max($0, $1.magnitude) }
    return values.map { $0 > bound ? $0.squareRoot() : 0 }
  }
}
