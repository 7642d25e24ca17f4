import Tensors

/// All metrics of generated features against real ones. The real side is computed once.
public struct FeatureMeasures {
  /// The metrics of one generated set.
  public struct Scores: Codable, Equatable, Sendable {
    /// FID, for Inception's features.
    public let frechetDistance: Estimate
    /// KID, for Inception's features.
    public let kernelDistance: Estimate
    /// The share of generated samples that look real.
    public let precision: Estimate
    /// The share of real samples that can be generated.
    public let recall: Estimate
    /// Generated samples per real ball, as a multiple of k.
    public let density: Estimate
    /// The share of real samples with a generated one nearby.
    public let coverage: Estimate

    /// Each measure with its metric, in the order of tables.
    public var named: [(Metric, Estimate)] {
      [
        (.frechetDistance, frechetDistance), (.kernelDistance, kernelDistance), (.precision, precision),
        (.recall, recall), (.density, density), (.coverage, coverage),
      ]
    }
  }

  private let frechet: FrechetDistance
  private let kernel: KernelDistance
  private let manifold: FeatureManifold
  private let balls: FeatureManifold
  package let resamples: Resamples

  /// Fewer samples cause a warning: kernel distances are mostly computed over a thousand samples at once, and precision
  /// and recall are published for more.
  static let usualCount = 1000

  /// - Parameter real: features [n, d].
  /// - Throws: `Failure` for less than six samples, another shape, or features that are not finite.
  public init(real: Tensor) throws {
    frechet = try FrechetDistance(to: FeatureStatistics(real))
    kernel = try KernelDistance(to: real)
    manifold = try FeatureManifold(real)
    balls = try FeatureManifold(real, neighbours: 5)
    resamples = try Resamples(of: manifold.count)
  }

  /// - Parameter generated: features [m, d].
  /// - Throws: `Failure` for less than four samples, another shape, or features that are not finite.
  public func callAsFunction(_ generated: Tensor) throws -> Scores {
    let made = try FeatureManifold(generated)
    let both = (real: resamples, generated: made.count == resamples.count ? resamples : try Resamples(of: made.count))
    let shares = try PrecisionRecall(real: manifold, generated: made, resamples: both)
    let inBalls = try DensityCoverage(real: balls, generated: generated, resamples: both)
    return Scores(
      frechetDistance: try frechet(generated, both.generated),
      kernelDistance: warned(try kernel(generated, both.generated), made.count, "the distance has no bias, but varies"),
      precision: warned(shares.precision, made.count), recall: warned(shares.recall, made.count),
      density: warned(inBalls.density, made.count), coverage: warned(inBalls.coverage, made.count))
  }

  private func warned(
    _ estimate: Estimate, _ count: Int,
    _ reason: String = "balls are wide, and values high: compare with sets of the same size only"
  ) -> Estimate {
    guard min(count, manifold.count) < Self.usualCount else { return estimate }
    var estimate = estimate
    estimate.warning = "\(manifold.count) real and \(count) generated samples are few: \(reason)"
    return estimate
  }
}
