import Networks
import Tensors

/// The last frames that each layer of an autoencoder has seen of a video that comes in parts.
final class FrameCache {
  /// Whether the part is the video's first.
  fileprivate(set) var isFirst = true
  private var frames = [ObjectIdentifier: Tensor]()

  func last(of layer: AnyObject) -> Tensor? { frames[ObjectIdentifier(layer)] }

  /// Keeps the last `count` frames of [B, C, F, H, W], as a copy: a view would keep all of them.
  func keep(_ x: Tensor, count: Int, of layer: AnyObject) throws {
    frames[ObjectIdentifier(layer)] = try x.sliced(2, from: max(0, x.shape[2] - count)).cloned()
  }

  func finishPart() { isFirst = false }
}

/// A convolution over frames, rows and columns that sees no later frames: before the first one there are zeros, or the frames of
/// the part before.
final class CausalConvolution {
  private let convolution: Convolution
  /// The number of frames before a frame that it sees.
  private let past: Int

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, kernel: [Int]) throws {
    past = kernel[0] - 1
    convolution = try Convolution(
      scope, inputs, outputs, kernel: kernel, padding: [0, kernel[1] / 2, kernel[2] / 2])
  }

  /// [B, C, F, H, W] -> [B, outputs, F, H, W]
  ///
  /// - Parameter cache: for a video in parts; nil for a whole one.
  func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
    guard past > 0 else { return try convolution(x) }
    let joined = try cache?.last(of: self).map { try concatenated([$0, x], 2) } ?? x
    try cache?.keep(joined, count: past, of: self)
    let missing = past - (joined.shape[2] - x.shape[2])
    return try convolution(missing > 0 ? joined.padded([0, 0, 0, 0, missing, 0]) : joined)
  }
}
