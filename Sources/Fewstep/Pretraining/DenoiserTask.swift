import Networks
import Tensors

/// Trains a many-step teacher by its denoising error on real data. Some samples lose their condition, so that the same
/// network also learns the unconditional distribution.
public struct DenoiserTask: PretrainingTask {
  public struct Settings: Sendable {
    public var times: TimeSampling
    /// The share of samples that lose their condition.
    public var dropout: Double

    public init(times: TimeSampling = .uniform, dropout: Double) {
      self.times = times
      self.dropout = dropout
    }
  }

  public static var schema: PretrainingSchema<any Backbone> {
    PretrainingSchema(
      role: "teacher", key: "backbone", meaning: "The model family and its architecture.", plugins: \.pretrainable,
      data: "Real samples.", test: nil, output: "Where the averaged weights go (safetensors).", betas: [0.9, 0.99],
      isAveraged: true)
  }

  public static func settings(_ s: SettingsReader) -> Settings {
    Settings(
      times: s.timeSampling("times", "How noise levels are drawn."),
      dropout: s.number(
        "dropout", default: 0.1, in: .closed(0, 1), "Share of samples that lose their condition, for guidance."))
  }

  public let model: any TrainableDenoiser
  public let metadata: [String: String]
  private let unconditional: (Condition) throws -> Condition
  private let settings: Settings

  public init(_ backbone: any Backbone, _ settings: Settings, seed: Int) throws {
    try self.init(
      backbone.trainable(.student, adapters: false, seed: seed), unconditional: backbone.unconditional, settings,
      metadata: backbone.metadata)
  }

  /// Trains an existing network.
  ///
  /// - Parameter unconditional: the condition for "no prompt", for as many samples.
  public init(
    _ model: any TrainableDenoiser, unconditional: @escaping (Condition) throws -> Condition, _ settings: Settings,
    metadata: [String: String] = [:]
  ) {
    self.model = model
    self.unconditional = unconditional
    self.settings = settings
    self.metadata = metadata
  }

  public var parameters: ParameterStore { model.parameters }

  public func loss(_ clean: Tensor, given condition: Condition, step: Int, noise: Noise) throws -> Tensor {
    let samples = 0..<clean.shape[0]
    let bounds = model.schedule.trainingTimes
    let time = try settings.times.times(noise.stream("time", step: step), samples)
      .clamped(bounds.lowerBound, bounds.upperBound)
    let epsilon = try noise.stream("noise", step: step)
      .normal(samples, Array(clean.shape.dropFirst()), on: clean.device)
    let condition = try dropped(condition, noise.stream("dropout", step: step))
    return try mean(model.denoisingError(clean, epsilon, at: time, given: condition))
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
