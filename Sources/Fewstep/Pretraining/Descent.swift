import Networks
import Tensors

extension AdamW {
  /// One step down `loss`, as teachers, classifiers and autoencoders are trained: gradients, their limit, the schedule.
  ///
  /// - Returns: the loss, and the gradients' norm before clipping.
  /// - Throws: `TrainingError.notFinite` with the name of `role` before anything moves.
  func descend(
    _ loss: Tensor, limit: Double?, schedule: LearningRateSchedule, role: String, step: Int
  ) throws -> (loss: Double, gradientNorm: Double) {
    try loss.backward()
    let norm = try clipGradients(parameters, to: limit)
    guard norm.isFinite else { throw TrainingError.notFinite(role: role, quantity: "gradient norm", step: step) }
    try self.step(factor: schedule.factor(at: step))
    return (try loss.item(), norm)
  }
}
