import Fewstep
import Networks
import Tensors

extension PointDenoiser {
  /// Teaches it what the teacher knows, by denoising samples of its mixture: students are commonly started from their
  /// teacher's weights, of which an exact teacher has none.
  func learnToDenoise(_ data: MixtureData, like teacher: any Teacher, steps: Int, seed: Int) throws {
    let settings = DenoiserTraining.Settings(
      steps: steps, batch: 256, optimizer: AdamW.Settings(learningRate: 3e-3, weightDecay: 0),
      schedule: LearningRateSchedule(.cosine, total: steps), gradientLimit: 1, decay: .constant(0.9), times: .uniform,
      dropout: 0.2)
    let training = try DenoiserTraining(
      self, unconditional: teacher.unconditional, data: data, settings: settings, seed: seed)
    for step in 0..<steps { _ = try training.step(step) }
  }
}
