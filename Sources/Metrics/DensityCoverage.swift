import Tensors

/// Density and coverage (Naeem et al., arXiv 2002.09797, Eq. 3 and 4), from the balls around the real samples.
///
/// Precision counts a generated sample as real as soon as it is in one ball, even an outlier's; density counts the
/// balls. Recall uses the manifold of the generated samples; coverage checks whether each real ball contains one of
/// them.
public struct DensityCoverage: Equatable, Sendable {
  /// The mean number of balls that contain a generated sample, divided by k. It is about 1 if both sets are alike, and
  /// may be larger.
  public let density: Estimate
  /// The share of real samples whose ball contains a generated one.
  public let coverage: Estimate

  /// - Parameters:
  ///   - real: the balls around real samples, with the paper's k = 5.
  ///   - generated: features [m, d].
  ///   - resamples: resamples of the real samples, for coverage, and of the generated ones, for density; without them
  ///     there are no intervals.
  public init(
    real: FeatureManifold, generated: Tensor, resamples: (real: Resamples, generated: Resamples)? = nil
  ) throws {
    let (balls, isReached) = try real.meetings(with: generated)
    density = try Estimate(meanOf: balls.map { Double($0) / Double(real.neighbours) }, resamples?.generated)
    coverage = try Estimate(shareOf: isReached, resamples?.real)
  }
}
