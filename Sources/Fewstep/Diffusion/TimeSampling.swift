import Tensors

/// The distribution of the noise levels: of each sample's time, from 0 (clean) to 1 (noise).
public enum TimeSampling: Equatable, Sendable {
  case uniform
  /// The sigmoid of a normal number (Esser et al., arXiv 2403.03206, section 3.1): middle times more often.
  case logitNormal(mean: Double, std: Double)
  /// Beta(a, b): with b = 1 and a > 1, noisy times more often (π0, arXiv 2410.24164, appendix B: Beta(1.5, 1)).
  case beta(BetaDistribution)

  /// Times in 0...1: float64 [samples.count].
  public func times(_ stream: Noise.Stream, _ samples: Range<Int>) throws -> Tensor {
    switch self {
    case .uniform:
      return try stream.uniform(samples).to(.float64)
    case .logitNormal(let mean, let std):
      return try sigmoid(mean + std * stream.normal(samples, []).to(.float64))
    case .beta(let distribution):
      return try Tensor(stream.uniform(samples).doubles().map(distribution.quantile))
    }
  }

  /// Times between two bounds: float64 [samples.count].
  public func times(_ stream: Noise.Stream, _ samples: Range<Int>, in bounds: ClosedRange<Double>) throws -> Tensor {
    guard self != .uniform else {
      return try stream.uniform(samples, low: bounds.lowerBound, high: bounds.upperBound).to(.float64)
    }
    return try bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * times(stream, samples)
  }
}
