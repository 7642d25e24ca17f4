import Tensors

/// Updates parameters along their gradients. Its state is stored in checkpoints by the parameters' names.
public protocol Optimizer: AnyObject {
  var parameters: [Parameter] { get }
  /// The number of steps taken.
  var stepCount: Int { get }

  /// Updates the parameters along their gradients, then clears the gradients. A missing gradient counts as zero.
  ///
  /// - Parameter factor: the factor of the learning rate, see `LearningRateSchedule`.
  func step(factor: Double) throws

  /// The optimizer's state for its parameters, by names such as "first/NAME".
  var state: [(name: String, tensor: Tensor)] { get }

  /// Restores a saved state.
  ///
  /// - Throws: `ParameterError` if a tensor is missing or has another shape.
  func load(stepCount: Int, _ value: (String) throws -> Tensor?) throws
}

extension Optimizer {
  public func step() throws { try step(factor: 1) }

  public func dropGradients() throws { for parameter in parameters { try parameter.value.setGradient(nil) } }
}

/// Copies saved tensors into a state, by name.
///
/// - Throws: `ParameterError` if one is missing or has another shape.
func copy(into state: [(name: String, tensor: Tensor)], from value: (String) throws -> Tensor?) throws {
  for (name, tensor) in state {
    guard let saved = try value(name) else { throw ParameterError.missing(name) }
    guard saved.shape == tensor.shape else {
      throw ParameterError.shape(name, expected: tensor.shape, got: saved.shape)
    }
    try tensor.copy(from: saved)
  }
}
