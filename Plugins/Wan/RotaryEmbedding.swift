import Foundation
import Tensors

/// Rotary position embeddings (Su et al., arXiv 2104.09864) over the frames, rows and columns of a video: each axis turns its
/// own share of a head's pairs of channels.
struct RotaryEmbedding {
  /// [tokens, 1, head width / 2], float32
  private let cosines: Tensor
  private let sines: Tensor

  /// - Parameters:
  ///   - sizes: the number of tokens along each axis.
  ///   - headWidth: of which rows and columns get two sixths each, rounded down to pairs, and frames the rest.
  init(_ sizes: [Int], headWidth: Int, on device: Device) throws {
    let space = 2 * (headWidth / 6)
    let widths = [headWidth - 2 * space, space, space]
    let angles = try (0..<3).map { axis -> Tensor in
      let pairs = widths[axis] / 2
      // In float64: in float32 the angles of late positions would lose digits.
      let exponents =
        try Tensor.range(to: Double(pairs), .float64, on: device) * (-Foundation.log(10_000) / Double(pairs))
      let positions = try Tensor.range(to: Double(sizes[axis]), .float64, on: device)
      var shape = [1, 1, 1, pairs]
      shape[axis] = sizes[axis]
      return try (positions.unsqueezed(1) * exp(exponents).unsqueezed(0)).reshaped(shape).expanded(sizes + [pairs])
    }
    let all = try concatenated(angles, 3).reshaped([-1, 1, headWidth / 2])
    (cosines, sines) = (try cos(all).to(.float32), try sin(all).to(.float32))
  }

  /// [B, tokens, heads, head width] -> the same; neighbouring channels are a pair.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let pairs = try x.reshaped(Array(x.shape.dropLast()) + [-1, 2])
    let (a, b) = (try pairs.part([.ellipsis, .at(0)]), try pairs.part([.ellipsis, .at(1)]))
    return try stacked([a * cosines - b * sines, a * sines + b * cosines], -1).reshaped(x.shape).to(x.dtype)
  }
}
