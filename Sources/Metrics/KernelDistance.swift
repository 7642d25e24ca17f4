import Tensors

/// The kernel distance: MMD² of the cubic kernel (Bińkowski et al., arXiv 1801.01401). With Inception features it is
/// known as KID.
///
/// This is the unbiased estimate over all pairs. Most code averages it over a hundred subsets of a thousand samples,
/// which has the same expectation, more variance and, below ten thousand samples, more pairs to compute. Equal sets
/// have a distance near 0, which may be negative.
public struct KernelDistance {
  private let discrepancy: MeanDiscrepancy

  /// - Throws: `Failure` for less than two samples, another shape, or features that are not finite.
  public init(to real: Tensor) throws {
    discrepancy = try MeanDiscrepancy(to: real, kernel: .cubic)
  }

  /// The distance of generated features [m, d].
  ///
  /// - Parameter resamples: resamples of the generated samples; nil gives no interval.
  public func callAsFunction(_ generated: Tensor, _ resamples: Resamples? = nil) throws -> Estimate {
    try discrepancy.means(generated, resamples).estimate { $0 + $1 }
  }
}
