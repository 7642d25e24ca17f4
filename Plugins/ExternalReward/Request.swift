import Files
import Tensors

/// Samples to score together.
struct Request {
  var prompts: [String]
  /// One sample per prompt: uint8 0...255 or float32 0...1, [C, H, W] or [C, F, H, W].
  var samples: [Tensor]
  /// The weights of the axes, by name, if the gradient of their sum is needed.
  var gradient: [String: Double]?

  func message(_ id: Int) -> Message {
    var header: [String: JSONValue] = [
      "type": "score", "id": .integer(id), "prompts": .array(prompts.map(JSONValue.string)),
    ]
    if let gradient { header["gradient"] = .object(gradient.mapValues(JSONValue.number)) }
    return Message(header: header, tensors: samples)
  }

  /// The largest payload of an answer, in bytes.
  func answerLimit(axes: Int) -> Int {
    let gradients = gradient == nil ? 0 : samples.reduce(0) { $0 + $1.count * DType.float32.byteCount }
    return prompts.count * axes * DType.float64.byteCount + gradients
  }

  /// - Throws: `Failure` if counts or shapes are wrong, or numbers are not finite.
  func answer(_ message: Message, axes: [String]) throws -> Answer {
    guard let scores = message.tensors.first else { throw Failure.scorer("its answer has no scores") }
    let (shape, got) = ([prompts.count, axes.count], scores.summary)
    guard scores.shape == shape, scores.dtype.isFloatingPoint else {
      throw Failure.scorer(
        "scores: expected float32\(shape), one number per sample and axis (\(axes.joined(separator: ", "))), got \(got)"
      )
    }
    for (index, score) in try scores.doubles().enumerated() where !score.isFinite {
      guard try isFinite(samples[index / axes.count]) else { continue }
      throw Failure.scorer("its score of '\(prompts[index / axes.count])' is \(score) (\(axes[index % axes.count]))")
    }
    let gradients = Array(message.tensors.dropFirst())
    guard gradients.count == (gradient == nil ? 0 : samples.count) else {
      throw Failure.scorer(
        "expected \(gradient == nil ? 0 : samples.count) gradients, one per sample, got \(gradients.count)")
    }
    for (gradient, sample) in zip(gradients, samples) {
      guard gradient.shape == sample.shape, gradient.dtype == .float32 else {
        throw Failure.scorer("a gradient: expected float32\(sample.shape), the sample's shape, got \(gradient.summary)")
      }
      guard try isFinite(gradient) || !isFinite(sample) else {
        throw Failure.scorer("a gradient has numbers that are not finite")
      }
    }
    return Answer(scores: try scores.to(.float64), gradients: gradients)
  }
}

/// Whether a sample is finite. One that is not may have a score that is not finite.
private func isFinite(_ tensor: Tensor) throws -> Bool { try sum(tensor.to(.float64)).item().isFinite }

/// A scorer's answer to a request.
struct Answer {
  /// float64 [B, axes]
  var scores: Tensor
  /// float32, in the samples' shapes; empty if none were requested.
  var gradients: [Tensor]
}
