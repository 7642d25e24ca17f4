import Tensors

/// AdamW (Loshchilov & Hutter, arXiv 1711.05101) over named parameters.
public final class AdamW: Optimizer {
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
  public private(set) var stepCount = 0
  private let first: [Tensor]
  private let second: [Tensor]

  public init(_ parameters: [Parameter], _ settings: Settings) throws {
    self.settings = settings
    self.parameters = parameters
    first = try parameters.map { try $0.value.detached().zerosLike() }
    second = try parameters.map { try $0.value.detached().zerosLike() }
  }

  public func step(factor: Double) throws {
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

  /// The running means: "first/NAME" and "second/NAME".
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, first).map { ("first/\($0.name)", $1) } + zip(parameters, second).map { ("second/\($0.name)", $1) }
  }

  public func load(stepCount: Int, _ value: (String) throws -> Tensor?) throws {
    try copy(into: state, from: value)
    self.stepCount = stepCount
  }
}
