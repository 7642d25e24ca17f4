import Tensors

/// Videos as still images: frames of each video side by side, evenly spaced from the first to the last.
///
/// - Parameters:
///   - videos: [B, C, F, H, W].
///   - frames: the maximum number of frames per video; a shorter one shows all of its frames.
/// - Returns: [B, C, H, frames · W].
public func filmStrip(_ videos: Tensor, frames: Int = 4) throws -> Tensor {
  let all = videos.shape[2]
  let count = min(frames, all)
  let places = (0..<count).map { count == 1 ? 0 : ($0 * (all - 1) + (count - 1) / 2) / (count - 1) }
  return try concatenated(places.map { try videos.sliced(2, from: $0, to: $0 + 1).squeezed(2) }, 3)
}
