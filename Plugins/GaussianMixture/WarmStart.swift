import Fewstep
import Networks
import Tensors

extension PointDenoiser {
  /// Trains the network to denoise samples of the teacher's mixture: students commonly start from their teacher's
  /// weights, and an exact teacher has none.
  func learnToDenoise(
    _ data: MixtureData, unconditional: @escaping (Condition) throws -> Condition, steps: Int, seed: Int
  ) throws {
    let training = try Pretraining(
      DenoiserTask(self, unconditional: unconditional, .init(dropout: 0.2)), data: data,
      settings: PretrainingSettings(
        steps: steps, batch: 256,
        optimization: OptimizationSettings(
          AdamW.Settings(learningRate: 3e-3, weightDecay: 0), .cosine, gradientLimit: 1),
        decay: .constant(0.9)),
      seed: seed)
    for step in 0..<steps { _ = try training.step(step) }
  }
}
