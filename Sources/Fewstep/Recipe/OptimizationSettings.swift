import Networks

/// How one role trains.
public struct OptimizationSettings: Sendable {
  public let optimizer: AdamW.Settings
  public let warmUp: Int
  public let shape: LearningRateSchedule.Shape
  public let floor: Double
  public let gradientLimit: Double?
  public let lora: LoRASettings?

  public struct LoRASettings: Sendable {
    public let rank: Int
    public let alpha: Double
    public let layers: [String]
  }

  init(_ s: SettingsReader, learningRate: Double, betas: [Double]) {
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
    if s.has("lora") {
      let lora = s.section("lora")
      let rank = lora.integer("rank", default: 16, in: .closed(1, 4096), "Rank of the update.")
      let alpha = lora.number("alpha", default: Double(rank), in: .positive, "The update is scaled by alpha / rank.")
      let layers = lora.strings("layers", default: ["*"], "Ends of the names of the layers to adapt; * is all.")
      lora.require(!layers.isEmpty, at: "layers", "expected at least one end of a layer's name, or *")
      self.lora = LoRASettings(rank: rank, alpha: alpha, layers: layers)
    } else {
      lora = nil
    }
  }

  public func schedule(total: Int) -> LearningRateSchedule {
    LearningRateSchedule(shape, warmUp: warmUp, total: total, floor: floor)
  }

  /// Makes the network train as the settings say: all of it, or low-rank updates only.
  func apply(to store: ParameterStore, seed: Int) throws {
    guard let lora else { return try store.setTrainable(true) }
    try LoRA.attach(to: store, patterns: lora.layers, rank: lora.rank, alpha: lora.alpha, seed: seed)
  }
}

extension SettingsReader {
  /// `ema: {decay: 0.999}` or `ema: {gamma: 6.94}`; nil where the recipe has none.
  func ema() -> EMA.Decay? {
    guard has("ema") else { return nil }
    let s = section("ema")
    if s.has("gamma") {
      let gamma = s.number("gamma", default: 6.94, in: .positive, "γ of the power average, in place of a decay.")
      if !s.isDescribing { return .power(gamma: gamma) }
    }
    return .constant(
      s.number("decay", default: 0.999, in: .halfOpen(0, 1), "Share of the average that stays at each update."))
  }
}
