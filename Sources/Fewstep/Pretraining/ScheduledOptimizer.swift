import Networks
import Tensors

/// An optimizer with its learning-rate schedule and its limit on the gradient norm.
public final class ScheduledOptimizer {
  public let optimizer: any Optimizer
  /// The role whose parameters are optimized, for errors: "student".
  private let role: String
  private let schedule: LearningRateSchedule
  private let gradientLimit: Double?

  init(_ parameters: [Parameter], _ settings: OptimizationSettings, steps: Int, role: String) throws {
    optimizer = try settings.makeOptimizer(of: parameters)
    schedule = settings.schedule(total: steps)
    gradientLimit = settings.gradientLimit
    self.role = role
  }

  /// One step along the gradients.
  ///
  /// - Parameters:
  ///   - step: counted from 0, for the schedule.
  ///   - factor: multiplies the learning rate.
  /// - Returns: the gradients' norm before clipping.
  /// - Throws: `TrainingError.notFinite` before anything is changed.
  func step(_ step: Int, factor: Double = 1) throws -> Double {
    let norm = try clipGradients(optimizer.parameters, to: gradientLimit)
    guard norm.isFinite else { throw TrainingError.notFinite(role: role, quantity: "gradient norm", step: step) }
    try optimizer.step(factor: factor * schedule.factor(at: step))
    return norm
  }

  /// One step down `loss`.
  ///
  /// - Returns: the loss, and the gradients' norm before clipping.
  func minimize(_ loss: Tensor, step: Int) throws -> (loss: Double, gradientNorm: Double) {
    try loss.backward()
    let norm = try self.step(step)
    return (try loss.item(), norm)
  }
}
