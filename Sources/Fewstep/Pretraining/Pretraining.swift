import Networks
import Tensors

/// Trains a network from scratch, on real data. It cannot be resumed.
public final class Pretraining<Task: PretrainingTask> {
  public let task: Task
  public let ema: EMA?
  public let settings: PretrainingSettings
  private let data: any DataSource
  private let noise: Noise
  private let optimizer: ScheduledOptimizer
  private let order: DataOrder

  public init(_ task: Task, data: any DataSource, settings: PretrainingSettings, seed: Int) throws {
    self.task = task
    self.data = data
    self.settings = settings
    noise = Noise(seed: seed)
    let parameters = task.parameters.trainable
    optimizer = try ScheduledOptimizer(
      parameters, settings.optimization, steps: settings.steps, role: Task.schema.role)
    ema = try settings.decay.map { try EMA(parameters, $0) }
    order = DataOrder(count: data.count, noise: noise, purpose: "data order")
  }

  /// One optimizer step, counted from 0; returns the loss and the gradients' norm before clipping.
  ///
  /// - Throws: `TrainingError.notFinite` before anything is changed.
  public func step(_ step: Int) throws -> (loss: Double, gradientNorm: Double) {
    let (samples, condition) = try data.batch(order.positions(step: step, batch: settings.batch))
    let loss = try task.loss(samples, given: condition, step: step, noise: noise)
    let report = try optimizer.minimize(loss, step: step)
    try ema?.update()
    return report
  }

  /// Runs all steps, or until `progress` returns false.
  ///
  /// - Parameter progress: called after each step with the number of steps done.
  /// - Returns: the number of steps done.
  public func run(_ progress: (_ done: Int, _ loss: Double, _ gradientNorm: Double) throws -> Bool) throws -> Int {
    for step in 0..<settings.steps {
      let (loss, norm) = try self.step(step)
      guard try progress(step + 1, loss, norm) else { return step + 1 }
    }
    return settings.steps
  }

  /// The weights to keep: the average if there is one.
  public var weights: [(name: String, tensor: Tensor)] { ema?.state ?? task.parameters.state }
}
