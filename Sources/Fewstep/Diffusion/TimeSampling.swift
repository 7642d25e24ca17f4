import Tensors

/// How the time of a training sample is drawn.
public enum TimeSampling: String, Sendable, CaseIterable {
  case uniform
  /// sigmoid of a standard normal number (Esser et al., arXiv 2403.03206): middle times more often.
  case logitNormal = "logit-normal"

  /// float64 [samples.count]
  public func times(_ stream: Noise.Stream, _ samples: Range<Int>) throws -> Tensor {
    switch self {
    case .uniform: try stream.uniform(samples).to(.float64)
    case .logitNormal: try sigmoid(stream.normal(samples, []).to(.float64))
    }
  }
}
