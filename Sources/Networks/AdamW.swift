import Tensors

/// AdamW over named parameters; its state goes into checkpoints by the parameters' names.
public final class AdamW {
  public struct Settings: Equatable, Sendable {
    public var learningRate: Double
    public var betas: [Double]
    public var weightDecay: Double
    public var epsilon: Double

    public init(
      learningRate: Double, betas: [Double] = [0.9, 0.999], weightDecay: Double = 0.01, epsilon: Double = 1e-8
    ) {
      self.learningRate = learningRate
      self.betas = betas
      self.weightDecay = weightDecay
      self.epsilon = epsilon
    }
  }

  public let settings: Settings
  public let parameters: [Parameter]
  /// Steps taken.
  public private(set) var stepCount = 0
  private let first: [Tensor]
  private let second: [Tensor]

  public init(_ parameters: [Parameter], _ settings: Settings) throws {
    self.settings = settings
    self.parameters = parameters
    first = try parameters.map { try $0.value.detached().zerosLike() }
    second = try parameters.map { try $0.value.detached().zerosLike() }
  }

  /// Moves the parameters along their gradients and drops those. Parameters without a gradient count as having a zero one.
  ///
  /// - Parameter factor: multiplies the learning rate, see `LearningRateSchedule`.
  public func step(factor: Double = 1) throws {
    stepCount += 1
    try noGrad {
      let gradients = try parameters.map { try $0.value.gradient ?? $0.value.zerosLike() }
      try adamWStep(
        parameters.map(\.value), gradients: gradients, first: first, second: second, step: stepCount,
        learningRate: settings.learningRate * factor, betas: (settings.betas[0], settings.betas[1]),
        weightDecay: settings.weightDecay, epsilon: settings.epsilon)
    }
    try dropGradients()
  }

  public func dropGradients() throws { for parameter in parameters { try parameter.value.setGradient(nil) } }

  /// The running means: "first/NAME" and "second/NAME".
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, first).map { ("first/\($0.name)", $1) } + zip(parameters, second).map { ("second/\($0.name)", $1) }
  }

  public func load(stepCount: Int, _ value: (String) throws -> Tensor?) throws {
    for (name, tensor) in state {
      guard let saved = try value(name) else { throw ParameterError.missing(name) }
      guard saved.shape == tensor.shape else {
        throw ParameterError.shape(name, expected: tensor.shape, got: saved.shape)
      }
      try tensor.copy(from: saved)
    }
    self.stepCount = stepCount
  }
}

/// The norm of all gradients together, which are scaled down to `limit` where it is larger.
public func clipGradients(_ parameters: [Parameter], to limit: Double?) throws -> Double {
  try noGrad {
    let gradients = parameters.compactMap(\.value.gradient)
    guard !gradients.isEmpty else { return 0 }
    let norm = try stacked(Foreach.norms(gradients)).norm().item()
    if let limit, norm > limit { try Foreach.multiply(gradients, by: limit / (norm + 1e-6)) }
    return norm
  }
}
