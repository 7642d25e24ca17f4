import Networks
import Tensors

extension AutoencoderKLWan {
  /// A part of the network: [B, C, F, H, W] to the same, or to other sizes.
  protocol Block {
    func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor
  }

  /// Divides each position's channels by their root mean square.
  struct ChannelNorm {
    private let gamma: Parameter
    private let scale: Double

    /// - Parameter dimensions: of x after its channels.
    init(_ scope: Scope, _ channels: Int, dimensions: Int = 3) throws {
      gamma = try scope.parameter("gamma", [channels] + Array(repeating: 1, count: dimensions), .ones)
      scale = Double(channels).squareRoot()
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      try x / x.norm([1], keeping: true).clamped(1e-12, nil) * (gamma.value * scale)
    }
  }

  final class ResidualBlock: Block {
    private let norm1: ChannelNorm
    private let conv1: CausalConvolution
    private let norm2: ChannelNorm
    private let conv2: CausalConvolution
    private let shortcut: CausalConvolution?

    init(_ scope: Scope, _ inputs: Int, _ outputs: Int) throws {
      norm1 = try ChannelNorm(scope / "norm1", inputs)
      conv1 = try CausalConvolution(scope / "conv1", inputs, outputs, kernel: [3, 3, 3])
      norm2 = try ChannelNorm(scope / "norm2", outputs)
      conv2 = try CausalConvolution(scope / "conv2", outputs, outputs, kernel: [3, 3, 3])
      shortcut =
        inputs == outputs ? nil : try CausalConvolution(scope / "conv_shortcut", inputs, outputs, kernel: [1, 1, 1])
    }

    func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
      let h = try conv2(silu(norm2(conv1(silu(norm1(x)), cache))), cache)
      return try (shortcut?(x, cache) ?? x) + h
    }
  }

  /// Attention with one head over the positions of each frame.
  final class AttentionBlock: Block {
    private let norm: ChannelNorm
    private let toQKV: Convolution
    private let projection: Convolution

    init(_ scope: Scope, _ channels: Int) throws {
      norm = try ChannelNorm(scope / "norm", channels, dimensions: 2)
      toQKV = try Convolution(scope / "to_qkv", channels, 3 * channels, kernel: 1)
      projection = try Convolution(scope / "proj", channels, channels, kernel: 1)
    }

    func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
      let y = try eachFrame(x) { frames in
        let tokens = try toQKV(norm(frames)).reshaped([frames.shape[0], 3 * frames.shape[1], -1]).transposed(1, 2)
        let parts = try tokens.chunked(3, 2).map { try $0.unsqueezed(1) }
        let attended = try attention(parts[0], parts[1], parts[2]).squeezed(1).transposed(1, 2)
        return try projection(attended.reshaped(frames.shape))
      }
      return try x + y
    }
  }

  /// Halves height and width, and the number of frames if it is told to.
  final class Downsampler: Block {
    private let space: Convolution
    private let time: Convolution?

    init(_ scope: Scope, _ channels: Int, halvesFrames: Bool) throws {
      space = try Convolution(
        scope / "resample" / 1, channels, channels, kernel: 3, stride: 2, padding: 0)
      time =
        halvesFrames
        ? try Convolution(
          scope / "time_conv", channels, channels, kernel: [3, 1, 1], stride: [2, 1, 1], padding: [0, 0, 0]) : nil
    }

    func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
      // Padded only at the right and the bottom.
      let y = try eachFrame(x) { try space($0.padded([0, 1, 0, 1])) }
      guard let time else { return y }
      let joined = try cache?.last(of: self).map { try concatenated([$0, y], 2) } ?? y
      try cache?.keep(y, count: 1, of: self)
      // The video's first frame stays a frame of its own.
      let isFirst = cache?.isFirst ?? true
      let pairs = joined.shape[2] < 3 ? nil : try time(joined)
      let first = isFirst ? try y.sliced(2, to: 1) : nil
      return try concatenated([first, pairs].compactMap(\.self), 2)
    }
  }

  /// Doubles height and width, halves the channels, and doubles the number of frames if it is told to.
  final class Upsampler: Block {
    private let space: Convolution
    private let time: CausalConvolution?

    init(_ scope: Scope, _ channels: Int, doublesFrames: Bool) throws {
      space = try Convolution(scope / "resample" / 1, channels, channels / 2, kernel: 3)
      time =
        doublesFrames ? try CausalConvolution(scope / "time_conv", channels, 2 * channels, kernel: [3, 1, 1]) : nil
    }

    func callAsFunction(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
      try eachFrame(moreFrames(x, cache)) { try space(upsampledNearest($0, 2)) }
    }

    private func moreFrames(_ x: Tensor, _ cache: FrameCache?) throws -> Tensor {
      guard let time else { return x }
      // The video's first frame stays one frame, and the others do not see it.
      let firstCount = cache?.isFirst ?? true ? 1 : 0
      let (first, rest) = (try x.sliced(2, to: firstCount), try x.sliced(2, from: firstCount))
      guard rest.shape[2] > 0 else { return first }
      let (batch, channels, frames) = (x.shape[0], x.shape[1], rest.shape[2])
      let both = try time(rest, cache).reshaped([batch, 2, channels, frames, x.shape[3], x.shape[4]])
      let doubled = try both.permuted([0, 2, 3, 1, 4, 5])
        .reshaped([batch, channels, 2 * frames, x.shape[3], x.shape[4]])
      return firstCount == 0 ? doubled : try concatenated([first, doubled], 2)
    }
  }

  /// Runs a network of images [n, C, H, W] on each frame of a video [B, C, F, H, W].
  private static func eachFrame(_ x: Tensor, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
    let frames = try body(
      x.permuted([0, 2, 1, 3, 4]).reshaped([x.shape[0] * x.shape[2], x.shape[1], x.shape[3], x.shape[4]]))
    return try frames.reshaped([x.shape[0], x.shape[2]] + frames.shape.dropFirst()).permuted([0, 2, 1, 3, 4])
  }
}
