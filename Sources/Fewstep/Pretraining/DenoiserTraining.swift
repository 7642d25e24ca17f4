import Foundation
import Networks
import Tensors

/// Trains a many-step teacher: denoising error on real data, with the condition dropped now and then so that the same
/// network also learns the unconditional distribution.
public final class DenoiserTraining {
  public struct Settings: Sendable {
    public var steps: Int
    public var batch: Int
    public var optimizer: AdamW.Settings
    public var schedule: LearningRateSchedule
    public var gradientLimit: Double?
    public var decay: EMA.Decay
    public var times: TimeSampling
    public var dropout: Double

    public init(
      steps: Int, batch: Int, optimizer: AdamW.Settings, schedule: LearningRateSchedule, gradientLimit: Double?,
      decay: EMA.Decay, times: TimeSampling, dropout: Double
    ) {
      self.steps = steps
      self.batch = batch
      self.optimizer = optimizer
      self.schedule = schedule
      self.gradientLimit = gradientLimit
      self.decay = decay
      self.times = times
      self.dropout = dropout
    }
  }

  public let ema: EMA
  private let model: any Denoiser & Trainable
  private let unconditional: (Condition) throws -> Condition
  private let data: any DataSource
  private let settings: Settings
  private let noise: Noise
  private let optimizer: AdamW
  private let order: DataOrder

  public init(
    _ model: any Denoiser & Trainable, unconditional: @escaping (Condition) throws -> Condition,
    data: any DataSource, settings: Settings, seed: Int
  ) throws {
    self.model = model
    self.unconditional = unconditional
    self.data = data
    self.settings = settings
    noise = Noise(seed: seed)
    optimizer = try AdamW(model.parameters.trainable, settings.optimizer)
    ema = try EMA(model.parameters.trainable, settings.decay)
    order = DataOrder(count: data.count, noise: noise, purpose: "data order")
  }

  /// One optimizer step, counted from 0; returns the loss and the gradients' norm before clipping.
  public func step(_ step: Int) throws -> (loss: Double, gradientNorm: Double) {
    let samples = 0..<settings.batch
    let (clean, condition) = try data.batch(order.positions(step: step, batch: settings.batch))
    let bounds = model.schedule.trainingTimes
    let time = try settings.times.times(noise.stream("time", step: step), samples)
      .clamped(bounds.lowerBound, bounds.upperBound)
    let epsilon = try noise.stream("noise", step: step).normal(samples, data.sampleShape, on: clean.device)
    let error = try model.denoisingError(
      clean, epsilon, at: time, given: dropped(condition, noise.stream("dropout", step: step)))
    let report = try optimizer.descend(
      mean(error), limit: settings.gradientLimit, schedule: settings.schedule, role: "teacher", step: step)
    try ema.update()
    return report
  }

  private func dropped(_ condition: Condition, _ stream: Noise.Stream) throws -> Condition {
    guard settings.dropout > 0 else { return condition }
    let none = try unconditional(condition)
    let mask = try stream.uniform(0..<condition.count).less(than: settings.dropout)
    var tensors = [String: Tensor]()
    for (name, tensor) in condition.tensors {
      tensors[name] = try select(mask.to(tensor.device).broadcast(toRank: tensor.rank), none.tensor(name), tensor)
    }
    return Condition(promptIDs: condition.promptIDs, tensors: tensors)
  }
}

/// Training cannot go on.
public enum TrainingError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.software.rawValue }
  case notFinite(role: String, quantity: String, step: Int)

  /// What was not finite: "the student's loss".
  var subject: String {
    switch self {
    case .notFinite(let role, let quantity, _): "the \(role)'s \(quantity)"
    }
  }

  public var description: String {
    switch self {
    case .notFinite(let role, let quantity, let step):
      "the \(role)'s \(quantity) is not finite at step \(step); nothing of that step is saved. "
        + "Lower the learning rates (all of them: one role's samples or weights spoil the other's loss), or set a gradient-limit."
    }
  }
}
