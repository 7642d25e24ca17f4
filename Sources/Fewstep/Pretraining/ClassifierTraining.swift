import Networks
import Tensors

/// Trains a classifier of pixels by cross-entropy.
public final class ClassifierTraining {
  public struct Settings: Sendable {
    public var steps: Int
    public var batch: Int
    public var optimizer: AdamW.Settings
    public var schedule: LearningRateSchedule
    public var gradientLimit: Double?
  }

  private let model: any TrainableClassifier
  private let data: any DataSource
  private let settings: Settings
  private let optimizer: AdamW
  private let order: DataOrder

  public init(_ model: any TrainableClassifier, data: any DataSource, settings: Settings, seed: Int) throws {
    self.model = model
    self.data = data
    self.settings = settings
    optimizer = try AdamW(model.parameters.trainable, settings.optimizer)
    order = DataOrder(count: data.count, noise: Noise(seed: seed), purpose: "data order")
  }

  /// One optimizer step, counted from 0; returns the loss and the gradients' norm before clipping.
  public func step(_ step: Int) throws -> (loss: Double, gradientNorm: Double) {
    let (samples, condition) = try data.batch(order.positions(step: step, batch: settings.batch))
    let loss = try negativeLogLikelihood(
      model.logProbabilities(samples * 0.5 + 0.5), condition.tensor("class"))
    return try optimizer.descend(
      loss, limit: settings.gradientLimit, schedule: settings.schedule, role: "classifier", step: step)
  }

  /// The share of `data` that is classified right.
  public static func accuracy(_ model: any TrainableClassifier, on data: any DataSource, batch: Int = 500) throws
    -> Double
  {
    try noGrad {
      var right = 0.0
      for start in stride(from: 0, to: data.count, by: batch) {
        let (samples, condition) = try data.batch(Array(start..<min(start + batch, data.count)))
        let best = try model.logProbabilities(samples * 0.5 + 0.5).argmax(1)
        right += try sum(best.equal(to: condition.tensor("class")).to(.float32)).item()
      }
      return right / Double(data.count)
    }
  }
}
