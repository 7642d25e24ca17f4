import Tensors

/// Classifier-free guidance (Ho & Salimans, arXiv 2207.12598): x̂u + ω (x̂c - x̂u). ω = 1 is the plain conditional model.
///
/// Other code bases write x̂c + g (x̂c - x̂u): there g = ω - 1.
public struct Guidance: Sendable {
  public let scale: Double
  /// How x̂c and x̂u are computed; the results are the same within rounding.
  public var passes: Passes

  /// The passes through the teacher's network in which it makes both predictions.
  public enum Passes: Int, Sendable {
    /// One, of a batch of twice the size.
    case one = 1
    /// Two, one after the other: takes less memory, for large networks.
    case two = 2
  }

  public init(_ scale: Double) { self.init(scale, passes: .one) }

  public init(_ scale: Double, passes: Passes) { (self.scale, self.passes) = (scale, passes) }

  public func guided(_ conditional: Tensor, _ unconditional: Tensor) throws -> Tensor {
    try unconditional + scale * (conditional - unconditional)
  }
}

extension Teacher {
  /// x̂c and x̂u [B, ...], for guidance.
  ///
  /// - Parameters:
  ///   - unconditional: the condition that stands for "no prompt", see `Backbone.unconditional`.
  ///   - passes: one of a batch of twice the size, or two.
  public func both(
    from noisy: Tensor, at time: Tensor, given condition: Condition, and unconditional: Condition,
    passes: Guidance.Passes
  ) throws -> (conditional: Tensor, unconditional: Tensor) {
    switch passes {
    case .one:
      let count = noisy.shape[0]
      let both = try denoise(
        from: concatenated([noisy, noisy]), at: concatenated([time, time]), given: condition.followed(by: unconditional)
      )
      return try (both.rows(0..<count), both.rows(count..<2 * count))
    case .two:
      return (
        try denoise(from: noisy, at: time, given: condition),
        try span(.unconditional) { try denoise(from: noisy, at: time, given: unconditional) }
      )
    }
  }

  /// x̂0 [B, ...] under guidance. The unconditional pass is skipped at ω = 1, where it has no effect.
  ///
  /// - Parameter unconditional: makes the condition that stands for "no prompt", see `Backbone.unconditional`.
  public func guided(
    from noisy: Tensor, at time: Tensor, given condition: Condition,
    unconditional: (Condition) throws -> Condition, guidance: Guidance
  ) throws -> Tensor {
    guard guidance.scale != 1 else { return try denoise(from: noisy, at: time, given: condition) }
    let both = try both(
      from: noisy, at: time, given: condition, and: unconditional(condition), passes: guidance.passes)
    return try guidance.guided(both.conditional, both.unconditional)
  }
}
