import Tensors

/// A loss and the terms that add up to it, for the curves.
public struct Loss {
  public let total: Tensor
  public let terms: [(name: String, value: Tensor)]
  /// The step [B, ...] that the loss asks the samples to take, without a graph; nil if the objective does not match.
  /// Used only in the diagnostics.
  let step: Tensor?

  public init(_ total: Tensor, terms: [(name: String, value: Tensor)] = []) {
    self.init(total, terms: terms, step: nil)
  }

  init(_ total: Tensor, terms: [(name: String, value: Tensor)] = [], step: Tensor?) {
    self.total = total
    self.terms = terms
    self.step = step
  }

  /// Adds another term, weighted; its curve shows it unweighted.
  public func adding(_ name: String, _ value: Tensor, weight: Double) throws -> Loss {
    Loss(try total + value * weight, terms: terms + [(name, value)], step: step)
  }

  /// - Throws: `Failure` if the loss or a term is not a scalar, or if the loss has no graph to learn from.
  package func checked(_ place: String) throws -> Loss {
    for (name, value) in [("loss", total)] + terms where !value.shape.isEmpty {
      throw Failure(.software, at: place, "\(name): expected a scalar, got \(value.summary); take its mean")
    }
    guard total.requiresGrad else {
      throw Failure(
        .software, at: place, "loss: it depends on no trainable parameter; is something detached that should not be?")
    }
    return self
  }
}
