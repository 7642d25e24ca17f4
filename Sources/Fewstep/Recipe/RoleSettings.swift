import Networks

/// The training settings of one role.
public struct RoleSettings: Sendable {
  public let optimization: OptimizationSettings
  /// Low-rank updates in place of all weights; nil trains all.
  public let lora: LoRASettings?

  public struct LoRASettings: Sendable {
    public let rank: Int
    public let alpha: Double
    public let layers: [String]

    init(_ s: SettingsReader) {
      rank = s.integer("rank", default: 16, in: .closed(1, 4096), "Rank of the update.")
      alpha = s.number("alpha", default: Double(rank), in: .positive, "The update is scaled by alpha / rank.")
      layers = s.strings("layers", default: ["*"], "Ends of the names of the layers to adapt; * is all.")
      s.require(!layers.isEmpty, at: "layers", "expected at least one end of a layer's name, or *")
    }
  }

  init(_ s: SettingsReader, learningRate: Double, betas: [Double]) {
    optimization = OptimizationSettings(s, learningRate: learningRate, betas: betas)
    lora = s.optionalSection("lora").map(LoRASettings.init)
  }

  /// Applies the settings: makes the whole network trainable, or low-rank updates only.
  func apply(to store: ParameterStore, seed: Int) throws {
    guard let lora else { return try store.setTrainable(true) }
    try LoRA.attach(to: store, patterns: lora.layers, rank: lora.rank, alpha: lora.alpha, seed: seed)
  }
}
