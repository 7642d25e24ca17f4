import Tensors

/// The per-sample divisor of a direction in sample space.
public enum MatchingScale: String, Sendable, CaseIterable {
  /// mean |x - x̂0_real| over the sample (arXiv 2405.14867 and DMD2's code).
  case dmd2
  /// The same over α_t: DMD's w_t (arXiv 2311.18828, Eq. 8) in x̂0 space, in which score differences are α/σ² times
  /// ours.
  case dmd
  case none
}

/// Settings for the comparison of student and teachers, the same for every objective.
public struct Matching: Sendable {
  /// ω in x̂u + ω (x̂c - x̂u), for the real teacher only.
  public var guidance: Guidance
  public var scale: MatchingScale
  /// Bounds of the times at which samples are noised for the student's update.
  public var times: ClosedRange<Double>
  /// Bounds of the noise level σ to which drawn times are clamped; nil does not clamp them.
  public var levels: ClosedRange<Double>?
  /// The distribution of times for the student's update, the fake teacher's, and the discriminator.
  public var sampling: TimeSampling
  /// The steps of the student whose samples are matched.
  public var steps: MatchedSteps

  public init(
    guidance: Guidance = Guidance(1), scale: MatchingScale = .dmd2, times: ClosedRange<Double> = 0.02...0.98,
    levels: ClosedRange<Double>? = nil, sampling: TimeSampling = .uniform, steps: MatchedSteps = .all
  ) {
    self.guidance = guidance
    self.scale = scale
    self.times = times
    self.levels = levels
    self.sampling = sampling
    self.steps = steps
  }

  /// The relative position of each time [B] in `times`: 0 at the cleaner end, 1 at the noisier end.
  public func fraction(of time: Tensor) throws -> Tensor {
    // Times in float32 may be outside by a rounding error.
    try ((time - times.lowerBound) / length).clamped(0, 1)
  }
  public func fraction(of time: Double) -> Double { min(max((time - times.lowerBound) / length, 0), 1) }
  /// The times at these relative positions.
  public func time(at fraction: Tensor) throws -> Tensor { try times.lowerBound + length * fraction }

  private var length: Double { times.upperBound - times.lowerBound }
}
