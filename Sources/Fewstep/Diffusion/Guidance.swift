import Tensors

/// Classifier-free guidance (Ho & Salimans, arXiv 2207.12598): x̂u + ω (x̂c - x̂u). ω = 1 is the plain conditional model.
///
/// Other code bases write x̂c + g (x̂c - x̂u): there g = ω - 1.
public struct Guidance: Sendable {
  public let scale: Double

  public init(_ scale: Double) { self.scale = scale }

  public func guided(_ conditional: Tensor, _ unconditional: Tensor) throws -> Tensor {
    try unconditional + scale * (conditional - unconditional)
  }
}

extension Teacher {
  public func both(
    from noisy: Tensor, at time: Tensor, given condition: Condition, and unconditional: Condition
  ) throws -> (conditional: Tensor, unconditional: Tensor) {
    let count = noisy.shape[0]
    let both = try denoise(
      from: concatenated([noisy, noisy]), at: concatenated([time, time]), given: condition.followed(by: unconditional))
    return try (both.rows(0..<count), both.rows(count..<2 * count))
  }

  /// x̂0 [B, ...] under guidance. The unconditional pass is skipped at ω = 1, where it has no effect.
  ///
  /// - Parameter unconditional: makes the condition that stands for "no prompt", see `Backbone.unconditional`.
  public func guided(
    from noisy: Tensor, at time: Tensor, given condition: Condition,
    unconditional: (Condition) throws -> Condition, guidance: Guidance
  ) throws -> Tensor {
    guard guidance.scale != 1 else { return try denoise(from: noisy, at: time, given: condition) }
    let both = try both(from: noisy, at: time, given: condition, and: unconditional(condition))
    return try guidance.guided(both.conditional, both.unconditional)
  }
}
