import Networks

/// How parameters are optimized: the optimizer, its learning rate over time, and the limit on the gradient norm.
public struct OptimizationSettings: Sendable {
  public let optimizer: AdamW.Settings
  public let warmUp: Int
  public let shape: LearningRateSchedule.Shape
  public let floor: Double
  public let gradientLimit: Double?

  public init(
    _ optimizer: AdamW.Settings, _ shape: LearningRateSchedule.Shape = .constant, warmUp: Int = 0, floor: Double = 0,
    gradientLimit: Double? = nil
  ) {
    self.optimizer = optimizer
    self.warmUp = warmUp
    self.shape = shape
    self.floor = floor
    self.gradientLimit = gradientLimit
  }

  public init(_ s: SettingsReader, learningRate: Double, betas: [Double]) {
    optimizer = AdamW.Settings(
      learningRate: s.number("learning-rate", default: learningRate, in: .nonNegative, "AdamW's step size."),
      betas: s.numbers("betas", default: betas, in: .halfOpen(0, 1), count: 2, "AdamW's β1 and β2."),
      weightDecay: s.number("weight-decay", default: 0.01, in: .nonNegative, "AdamW's decoupled weight decay."),
      epsilon: s.number("epsilon", default: 1e-8, in: .positive, "AdamW's ε."))
    warmUp = s.integer(
      "warm-up", default: 0, in: .nonNegative, "Steps over which the learning rate rises to its value.")
    shape = s.choice("learning-rate-schedule", default: .constant, "What follows the warm-up, over `training.steps`.")
    floor = s.number(
      "learning-rate-floor", default: 0, in: .closed(0, 1), "Where a cosine ends, as a share of the learning rate.")
    gradientLimit = s.optionalNumber(
      "gradient-limit", in: .positive, "Gradients are scaled down to this norm; null leaves them.")
    if shape != .constant { s.noteDependenceOnLength() }
  }

  public func schedule(total: Int) -> LearningRateSchedule {
    LearningRateSchedule(shape, warmUp: warmUp, total: total, floor: floor)
  }

  func makeOptimizer(of parameters: [Parameter]) throws -> any Optimizer { try AdamW(parameters, optimizer) }
}

extension SettingsReader {
  /// `ema: {decay: 0.999}` or `ema: {gamma: 6.94}`; nil if the recipe has none.
  func ema() -> EMA.Decay? {
    guard let s = optionalSection("ema") else { return nil }
    if s.has("gamma") {
      let gamma = s.number("gamma", default: 6.94, in: .positive, "γ of the power average, in place of a decay.")
      if !s.isDescribing { return .power(gamma: gamma) }
    }
    return .constant(
      s.number("decay", default: 0.999, in: .halfOpen(0, 1), "Share of the average that stays at each update."),
      start: s.integer(
        "start", default: 0, in: .nonNegative, "Updates before averaging begins; until then the average is the weights."
      ))
  }
}
