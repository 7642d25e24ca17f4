import Tensors

/// The CLIP maximum mean discrepancy: MMD² of a Gaussian kernel with σ = 10, multiplied by 1000 (Jayasumana et al.,
/// arXiv 2401.09603, section 4).
///
/// For CLIP embeddings of unit length. The means are over all pairs, including those of a sample with itself, as in the
/// authors' code: this adds a bias of (1 - mean k) / n per side.
public struct CMMD {
  private let discrepancy: MeanDiscrepancy
  private let real: Tensor

  /// - Throws: `Failure` for less than two samples, another shape, or features that are not finite.
  public init(to real: Tensor) throws {
    discrepancy = try MeanDiscrepancy(to: real, kernel: .gaussian(std: 10))
    self.real = real
  }

  /// The distance of generated embeddings [m, d].
  ///
  /// - Parameter resamples: resamples of the generated samples; nil gives no interval.
  public func callAsFunction(_ generated: Tensor, _ resamples: Resamples? = nil) throws -> Estimate {
    let (n, m) = (Double(real.shape[0]), Double(generated.shape[0]))
    let means = try discrepancy.means(generated, resamples)
    var estimate = means.estimate(scale: 1000) { (1 + (n - 1) * $0) / n + (1 + (m - 1) * $1) / m }
    let bias = 1000 * ((1 - means.real) / n + (1 - means.generated) / m)
    estimate.bias = bias
    if try ![real, generated].allSatisfy({ try Self.hasUnitLength($0) }) {
      estimate.warning = "the rows are not of length 1, as CLIP embeddings are for this measure"
    } else if bias > estimate.value / 10 {
      estimate.warning = FrechetDistance.biasWarning
    }
    return estimate
  }

  private static func hasUnitLength(_ rows: Tensor) throws -> Bool {
    try abs(rows.to(.float64).norm([1]) - 1).lessOrEqual(to: Tensor([1e-2]).to(rows.device)).all()
  }
}
