import Tensors

/// A reward that a frozen network computes from images and prompts, batch by batch. A video's score is the mean over its
/// frames.
///
/// A conforming type says how to prepare an image and how to score it; both ways of scoring follow from that.
public protocol ImageNetworkReward: ImageFileReward {
  /// The backbone's prompts, by ID.
  var prompts: [String] { get }
  /// The kind of the backbone's samples.
  var medium: Medium { get }
  /// The frames of a video that are scored.
  var frames: VideoFrames { get }
  /// The number of images, or of frames, that are scored at once.
  var batch: Int { get }
  var device: Device { get }
  /// Whether a score depends on the prompt. If so, an unknown prompt ID is an error.
  var readsPrompts: Bool { get }

  /// The network's input for pixels [B, C, H, W] of images or frames, in 0...1: differentiable, on any device.
  func prepared(pixels: Tensor) throws -> Tensor
  /// One row of the network's input, as the published scorer prepares a file.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  func prepared(image: Tensor) throws -> Tensor
  /// The scores, float32 [B]. If gradients are recorded, they reach the prepared images.
  func score(prepared images: Tensor, prompts: [String]) throws -> Tensor
}

extension ImageNetworkReward {
  /// Scores images [B, C, H, W] or videos [B, C, F, H, W] differentiably.
  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard medium != .points, let pixels else {
      throw TensorError("reward", "samples of this backbone are no images or videos")
    }
    if readsPrompts, let unknown = condition.promptIDs.first(where: { !prompts.indices.contains($0) }) {
      throw TensorError("reward", "the backbone knows \(prompts.count) prompts, and \(unknown) is none of them")
    }
    let asked = condition.promptIDs.map { prompts.indices.contains($0) ? prompts[$0] : "" }
    guard case .videos = medium else { return try scored(asked) { try prepared(pixels: pixels.rows($0).to(device)) } }
    return try frames.mean(of: pixels, batch: batch) { images, owners in
      try self.score(prepared: self.prepared(pixels: images.to(self.device)), prompts: owners.map { asked[$0] })
    }
  }

  /// Scores files as the published scorer does.
  public func score(images: [Tensor], prompts: [String]) throws -> Tensor {
    guard images.count == prompts.count else {
      throw TensorError("reward", "\(images.count) images with \(prompts.count) prompts")
    }
    return try noGrad {
      try scored(prompts) { try stacked(images[$0].map(prepared(image:))).to(device) }
    }
  }

  /// Scores batch by batch, and prepares each batch just before it is scored.
  private func scored(_ prompts: [String], _ prepared: (Range<Int>) throws -> Tensor) throws -> Tensor {
    let parts = try stride(from: 0, to: prompts.count, by: batch).map { start in
      let range = start..<min(start + batch, prompts.count)
      return try score(prepared: prepared(range), prompts: Array(prompts[range]))
    }
    return parts.isEmpty ? try .zeros([0], on: device) : try concatenated(parts)
  }
}

extension SettingsReader {
  /// The settings `precision`, the dtype of the network, `batch`, the number of images that it scores at once, and `frames`
  /// of videos.
  public func scoring() -> (precision: DType, batch: Int, frames: VideoFrames) {
    (
      precision("The dtype that the model is kept and computed in."),
      integer("batch", default: 16, in: .closed(1, 65536), "Images, or frames of videos, that are scored at once."),
      VideoFrames(self)
    )
  }
}
