import Networks
import Tensors

/// Trains a classifier of pixels by cross-entropy, for a reward or an evaluation's features.
public struct ClassifierTask: PretrainingTask {
  public static var schema: PretrainingSchema<any TrainableClassifier> {
    PretrainingSchema(
      role: "classifier", key: "classifier", meaning: "The network.", plugins: \.classifiers,
      data: "Real samples with classes.", test: "Samples that are not trained on.",
      output: "Where the weights go (safetensors).", betas: [0.9, 0.999], isAveraged: false)
  }

  public static func settings(_ s: SettingsReader) {}

  public let model: any TrainableClassifier

  public init(_ model: any TrainableClassifier, _ settings: Void = (), seed: Int = 0) { self.model = model }

  public var parameters: ParameterStore { model.parameters }
  public var metadata: [String: String] { model.metadata }

  public func loss(_ samples: Tensor, given condition: Condition, step: Int, noise: Noise) throws -> Tensor {
    try negativeLogLikelihood(model.logProbabilities(samples * 0.5 + 0.5), condition.tensor("class"))
  }

  /// The share of `data` that is classified correctly.
  public func accuracy(on data: any DataSource, batch: Int = 500) throws -> Double {
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
