import Fewstep
import Networks
import Tensors

extension PointDenoiser {
  /// Trains it to denoise samples of the teacher's mixture: students commonly start from their teacher's weights, and an
  /// exact teacher has none.
  func learnToDenoise(
    _ data: MixtureData, unconditional: @escaping (Condition) throws -> Condition, steps: Int, seed: Int
  ) throws {
    let settings = DenoiserTraining.Settings(
      steps: steps, batch: 256, optimizer: AdamW.Settings(learningRate: 3e-3, weightDecay: 0),
      schedule: LearningRateSchedule(.cosine, total: steps), gradientLimit: 1, decay: .constant(0.9), times: .uniform,
      dropout: 0.2)
    let training = try DenoiserTraining(
      self, unconditional: unconditional, data: data, settings: settings, seed: seed)
    for step in 0..<steps { _ = try training.step(step) }
  }
}
