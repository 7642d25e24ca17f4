import Tensors

/// A reward that a frozen network gives to pictures and texts, some at a time, after they are prepared for it.
///
/// What is left to the reward is how one is prepared and what it is worth; both ways of being asked follow.
public protocol ImageNetworkReward: ImageFileReward {
  /// The backbone's, by number.
  var prompts: [String] { get }
  /// Pictures that are scored at once.
  var batch: Int { get }
  var device: Device { get }
  /// Whether a score depends on the text: then a prompt that the backbone does not know is an error.
  var readsTexts: Bool { get }

  /// What the network sees of pixels [B, C, H, W] in 0...1: differentiable, on any device.
  func prepared(pixels: Tensor) throws -> Tensor
  /// One row of what the network sees, as the published scorer prepares a file.
  ///
  /// - Parameter picture: uint8 [3, H, W] on the CPU.
  func prepared(picture: Tensor) throws -> Tensor
  /// float32 [B]; gradients reach the prepared pictures wherever they are recorded.
  func score(prepared pictures: Tensor, texts: [String]) throws -> Tensor
}

extension ImageNetworkReward {
  /// The differentiable way.
  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard let pixels else { throw TensorError("reward", "samples of this backbone are no images") }
    if readsTexts, let unknown = condition.promptIDs.first(where: { !prompts.indices.contains($0) }) {
      throw TensorError("reward", "the backbone knows \(prompts.count) prompts, and \(unknown) is none of them")
    }
    let texts = condition.promptIDs.map { prompts.indices.contains($0) ? prompts[$0] : "" }
    return try scored(texts) { try prepared(pixels: pixels.rows($0).to(device)) }
  }

  /// The published scorers' way, for files.
  public func score(pictures: [Tensor], texts: [String]) throws -> Tensor {
    guard pictures.count == texts.count else {
      throw TensorError("reward", "\(pictures.count) pictures with \(texts.count) texts")
    }
    return try noGrad {
      try scored(texts) { try stacked(pictures[$0].map(prepared(picture:))).to(device) }
    }
  }

  /// Scores of so many pictures at once, prepared when they are due.
  private func scored(_ texts: [String], _ prepared: (Range<Int>) throws -> Tensor) throws -> Tensor {
    let parts = try stride(from: 0, to: texts.count, by: batch).map { start in
      let range = start..<min(start + batch, texts.count)
      return try score(prepared: prepared(range), texts: Array(texts[range]))
    }
    return parts.isEmpty ? try .zeros([0], on: device) : try concatenated(parts)
  }
}

extension SettingsReader {
  /// What the network is kept and computed in, and the pictures that it scores at once: `precision` and `batch`.
  public func scoring() -> (precision: DType, batch: Int) {
    (
      precision("What the model is kept and computed in."),
      integer("batch", default: 16, in: .closed(1, 65536), "Pictures that are scored at once.")
    )
  }
}
