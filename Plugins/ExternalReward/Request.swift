import Files
import Tensors

/// Samples to be scored at once.
struct Request {
  var prompts: [String]
  /// One a prompt: uint8 0...255 or float32 0...1, [C, H, W] or [C, F, H, W].
  var samples: [Tensor]
  /// Weights of the axes whose sum's gradient is asked for, by name; nil where none is.
  var gradient: [String: Double]?

  func message(_ id: Int) -> Message {
    var header: [String: JSONValue] = [
      "type": "score", "id": .integer(id), "prompts": .array(prompts.map(JSONValue.string)),
    ]
    if let gradient { header["gradient"] = .object(gradient.mapValues(JSONValue.number)) }
    return Message(header: header, tensors: samples)
  }

  /// The most bytes that an answer may have.
  func answerLimit(axes: Int) -> Int {
    let gradients = gradient == nil ? 0 : samples.reduce(0) { $0 + $1.count * DType.float32.byteCount }
    return prompts.count * axes * DType.float64.byteCount + gradients
  }

  /// - Throws: `Failure` where the message does not answer this request: wrong counts, shapes, or numbers that are
  ///   not finite.
  func answer(_ message: Message, axes: [String]) throws -> Answer {
    guard let scores = message.tensors.first else { throw Failure.scorer("its answer has no scores") }
    let (shape, got) = ([prompts.count, axes.count], scores.summary)
    guard scores.shape == shape, scores.dtype.isFloatingPoint else {
      throw Failure.scorer(
        "its scores are \(got); expected float32\(shape): one number a sample and axis (\(axes.joined(separator: ", ")))"
      )
    }
    for (index, score) in try scores.doubles().enumerated() where !score.isFinite {
      guard try isFinite(samples[index / axes.count]) else { continue }
      throw Failure.scorer("its score of '\(prompts[index / axes.count])' is \(score) (\(axes[index % axes.count]))")
    }
    let gradients = Array(message.tensors.dropFirst())
    guard gradients.count == (gradient == nil ? 0 : samples.count) else {
      throw Failure.scorer(
        "it gave \(gradients.count) gradients; expected \(gradient == nil ? 0 : samples.count), one a sample")
    }
    for (gradient, sample) in zip(gradients, samples) {
      guard gradient.shape == sample.shape, gradient.dtype == .float32 else {
        throw Failure.scorer("a gradient is \(gradient.summary); expected float32\(sample.shape), the sample's shape")
      }
      guard try isFinite(gradient) || !isFinite(sample) else {
        throw Failure.scorer("a gradient has numbers that are not finite")
      }
    }
    return Answer(scores: try scores.to(.float64), gradients: gradients)
  }
}

/// Of a sample that is not, no finite score can be wanted.
private func isFinite(_ tensor: Tensor) throws -> Bool { try sum(tensor.to(.float64)).item().isFinite }

/// What a scorer says of a request's samples.
struct Answer {
  /// float64 [B, axes]
  var scores: Tensor
  /// As the samples, float32; empty where none were asked for.
  var gradients: [Tensor]
}
