import Networks

/// The length and the optimization of training from scratch.
public struct PretrainingSettings: Sendable {
  public var steps: Int
  public var batch: Int
  public var optimization: OptimizationSettings
  /// The decay of the averaged weights; nil keeps no average.
  public var decay: EMA.Decay?

  public init(steps: Int, batch: Int, optimization: OptimizationSettings, decay: EMA.Decay?) {
    self.steps = steps
    self.batch = batch
    self.optimization = optimization
    self.decay = decay
  }

  init(_ s: SettingsReader, betas: [Double], isAveraged: Bool) {
    steps = s.integer("steps", in: .steps, "Optimizer steps.")
    optimization = OptimizationSettings(s, learningRate: 1e-3, betas: betas)
    batch = s.integer("batch", default: 64, in: .batch, "Samples of one step.")
    decay = isAveraged ? s.ema() ?? .constant(0.999) : nil
  }
}
