import Tensors

/// A positive definite function of two samples' features.
public enum Kernel: Equatable, Sendable {
  /// (x·y / d + 1)³, the kernel of KID (Bińkowski et al., arXiv 1801.01401, section 4).
  case cubic
  /// exp(-|x - y|² / 2σ²).
  case gaussian(std: Double)

  /// The kernel between rows, float64: [n, d], [m, d] -> [n, m].
  func callAsFunction(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    let products = try matmul(a, b.transposed(0, 1))
    switch self {
    case .cubic: return try (products / Double(a.shape[1]) + 1).power(3)
    case .gaussian(let std):
      let norms = try a.squared().sum([1], keeping: true) + b.squared().sum([1])
      return try exp((products * 2 - norms).clamped(nil, 0) / (2 * std * std))
    }
  }
}
