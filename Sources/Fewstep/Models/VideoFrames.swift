import Tensors

/// The frames of videos that networks of single images look at: all of them, or some that are evenly spaced.
public struct VideoFrames: Sendable {
  /// The number of frames of each video, or all if it has less; nil is all.
  public let count: Int?

  public init(_ count: Int? = nil) { self.count = count }

  /// The setting `frames`, which may be left out.
  public init(_ s: SettingsReader) {
    count =
      s.has("frames")
      ? s.integer(
        "frames", in: .closed(1, 10_000),
        "Frames of a video that count, evenly spaced, and are averaged; without it all.")
      : nil
  }

  /// The positions of the frames among `total`, rising: the middles of equal parts of the video.
  public func positions(of total: Int) -> [Int] {
    let count = min(count ?? total, total)
    return (0..<count).map { (2 * $0 + 1) * total / (2 * count) }
  }

  /// The means [B, ...] over the frames of each video.
  ///
  /// If gradients are recorded, each part is computed again in the backward pass, so that the memory does not grow with the
  /// number of frames.
  ///
  /// - Parameters:
  ///   - videos: [B, C, F, H, W].
  ///   - batch: the number of frames that `body` gets at once.
  ///   - body: gets frames [n, C, H, W] and the index of each one's video; returns [n, ...].
  public func mean(
    of videos: Tensor, batch: Int, _ body: @escaping (_ images: Tensor, _ owners: [Int]) throws -> Tensor
  )
    throws -> Tensor
  {
    guard videos.rank == 5 else {
      throw TensorError("VideoFrames", "expected videos [B, C, F, H, W], got \(videos.summary)")
    }
    let positions = positions(of: videos.shape[2])
    let frames = (0..<videos.shape[0]).flatMap { video in positions.map { (video, $0) } }
    let parts = try stride(from: 0, to: frames.count, by: batch).map { start in
      let part = frames[start..<min(start + batch, frames.count)]
      let images = try stacked(part.map { video, frame in try videos[.at(video), .all, .at(frame)] })
      let owners = part.map { $0.0 }
      guard isGradEnabled, images.requiresGrad else { return try body(images, owners) }
      return try checkpoint([images]) { try body($0[0], owners) }
    }
    let all = try concatenated(parts)
    return try all.reshaped([videos.shape[0], positions.count] + all.shape.dropFirst()).mean([1])
  }

  /// The part of a score's fingerprint that says which frames were scored; empty for all.
  public var fingerprint: Fingerprint { count.map { ["frames": "\($0)"] } ?? [:] }
}
