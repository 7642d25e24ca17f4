import Tensors

/// The quantity that a network predicts, with its conversion to the clean sample and back.
public enum Prediction: String, Sendable, CaseIterable {
  /// x̂0
  case sample
  /// ε̂
  case noise
  /// v = α ε - σ x (Salimans & Ho, arXiv 2202.00512)
  case velocity
  /// u = ε - x, the velocity of a rectified flow
  case flow

  /// The clean sample for the network's `output` at x_t = α x + σ ε.
  public func clean(_ output: Tensor, noisy: Tensor, alpha: Tensor, sigma: Tensor) throws -> Tensor {
    switch self {
    case .sample: output
    case .noise: try (noisy - sigma * output) / alpha
    case .velocity: try (alpha * noisy - sigma * output) / (alpha * alpha + sigma * sigma)
    case .flow: try (noisy - sigma * output) / (alpha + sigma)
    }
  }

  /// The output that the network should give for the sample x and the noise ε.
  public func target(_ sample: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) throws -> Tensor {
    switch self {
    case .sample: sample
    case .noise: noise
    case .velocity: try alpha * noise - sigma * sample
    case .flow: try noise - sample
    }
  }
}

/// The noise that a clean prediction implies: ε̂ = (x_t - α x̂0) / σ.
public func impliedNoise(_ clean: Tensor, noisy: Tensor, alpha: Tensor, sigma: Tensor) throws -> Tensor {
  try (noisy - alpha * clean) / sigma.clamped(1e-8, nil)
}
