import Tensors

/// Density and coverage (Naeem et al., arXiv 2002.09797, Eq. 3 and 4), from the balls around the real samples.
///
/// Precision counts a generated sample as real as soon as it lies in one ball, were it an outlier's; density counts the
/// balls. Recall asks for the manifold of the generated samples; coverage, whether one of them is in each real ball.
public struct DensityCoverage: Equatable, Sendable {
  /// The mean number of balls that a generated sample lies in, divided by k. It is around 1 if both sets are alike, and
  /// may be more.
  public let density: Estimate
  /// The share of the real samples whose ball holds a generated one.
  public let coverage: Estimate

  /// - Parameters:
  ///   - real: with the paper's k = 5.
  ///   - generated: features [m, d].
  ///   - resamples: of the real samples, which coverage is a share of, and of the generated ones, which density is a mean
  ///     over; without them there are no intervals.
  public init(
    real: FeatureManifold, generated: Tensor, resamples: (real: Resamples, generated: Resamples)? = nil
  ) throws {
    let (balls, isReached) = try real.meetings(with: generated)
    density = try Estimate(meanOf: balls.map { Double($0) / Double(real.neighbours) }, resamples?.generated)
    coverage = try Estimate(shareOf: isReached, resamples?.real)
  }
}
