import Tensors

/// Returns the norm of all gradients together, and scales them down to `limit` if it is larger.
public func clipGradients(_ parameters: [Parameter], to limit: Double?) throws -> Double {
  try noGrad {
    let gradients = parameters.compactMap(\.value.gradient)
    guard !gradients.isEmpty else { return 0 }
    let norm = try stacked(Foreach.norms(gradients)).norm().item()
    if let limit, norm > limit { try Foreach.multiply(gradients, by: limit / (norm + 1e-6)) }
    return norm
  }
}
