import Tensors

/// What a direction in sample space is divided by, per sample.
public enum MatchingScale: String, Sendable, CaseIterable {
  /// mean |x - x̂0_real| over the sample (DMD2, arXiv 2405.14867, its code).
  case dmd2
  /// The same over α_t: DMD's w_t (arXiv 2311.18828, Eq. 8) in x̂0 space, where score differences are α/σ² times ours.
  case dmd
  case none
}

/// How student and teachers are compared, for every objective alike.
public struct Matching: Sendable {
  /// ω in x̂u + ω (x̂c - x̂u); the real teacher's only.
  public var guidance: Guidance
  public var scale: MatchingScale
  /// Bounds of the times at which samples are noised for the student's update.
  public var times: ClosedRange<Double>
  /// How times are drawn: for the student's update, for the fake teacher's, and for the discriminator.
  public var sampling: TimeSampling

  public init(
    guidance: Guidance = Guidance(1), scale: MatchingScale = .dmd2, times: ClosedRange<Double> = 0.02...0.98,
    sampling: TimeSampling = .uniform
  ) {
    self.guidance = guidance
    self.scale = scale
    self.times = times
    self.sampling = sampling
  }

  /// How far into `times` each time [B] lies: 0 at its cleaner end, 1 at its noisier one.
  public func fraction(of time: Tensor) throws -> Tensor {
    // Times in float32 may lie a rounding outside.
    try ((time - times.lowerBound) / length).clamped(0, 1)
  }
  public func fraction(of time: Double) -> Double { min(max((time - times.lowerBound) / length, 0), 1) }
  /// The times that lie so far into `times`.
  public func time(at fraction: Tensor) throws -> Tensor { try times.lowerBound + length * fraction }

  private var length: Double { times.upperBound - times.lowerBound }
}
