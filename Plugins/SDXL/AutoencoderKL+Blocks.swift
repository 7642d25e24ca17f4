import Networks
import Tensors

extension AutoencoderKL {
  /// diffusers' normalization epsilon throughout the autoencoder.
  private static let epsilon = 1e-6

  /// Images [B, 3, H, W] to moments [B, 2C, H/f, W/f].
  final class Encoder {
    private let convIn: Convolution
    private let levels: [Level]
    private let middle: Middle
    private let out: Out

    init(_ scope: Scope, _ c: Configuration) throws {
      convIn = try Convolution(scope / "conv_in", c.imageChannels, c.channels[0], kernel: 3)
      levels = try c.channels.indices.map { index in
        try Level(
          scope / "down_blocks" / index, from: c.channels[max(0, index - 1)], to: c.channels[index], blocks: c.blocks,
          groups: c.groups, index + 1 < c.channels.count ? .halving : nil)
      }
      middle = try Middle(scope / "mid_block", c)
      out = try Out(scope, c.channels[c.channels.count - 1], 2 * c.latentChannels, groups: c.groups)
    }

    func callAsFunction(_ images: Tensor, _ gradientCheckpointing: Bool) throws -> Tensor {
      var h = try convIn(images)
      for level in levels { h = try run(h, gradientCheckpointing, level.callAsFunction) }
      return try out(run(h, gradientCheckpointing, middle.callAsFunction))
    }
  }

  /// Latents [B, C, h, w] to images [B, 3, f·h, f·w].
  final class Decoder {
    private let convIn: Convolution
    private let middle: Middle
    private let levels: [Level]
    private let out: Out

    init(_ scope: Scope, _ c: Configuration) throws {
      let channels = Array(c.channels.reversed())
      convIn = try Convolution(scope / "conv_in", c.latentChannels, channels[0], kernel: 3)
      middle = try Middle(scope / "mid_block", c)
      levels = try channels.indices.map { index in
        try Level(
          scope / "up_blocks" / index, from: channels[max(0, index - 1)], to: channels[index], blocks: c.blocks + 1,
          groups: c.groups, index + 1 < channels.count ? .doubling : nil)
      }
      out = try Out(scope, c.channels[0], c.outputChannels, groups: c.groups)
    }

    func callAsFunction(_ latents: Tensor, _ gradientCheckpointing: Bool) throws -> Tensor {
      var h = try run(convIn(latents), gradientCheckpointing, middle.callAsFunction)
      for level in levels { h = try run(h, gradientCheckpointing, level.callAsFunction) }
      return try out(h)
    }
  }

  private static func run(
    _ x: Tensor, _ gradientCheckpointing: Bool, _ block: @escaping (Tensor) throws -> Tensor
  ) throws -> Tensor {
    guard gradientCheckpointing, isGradEnabled else { return try block(x) }
    return try checkpoint([x]) { try block($0[0]) }
  }

  /// The residual blocks of one resolution, and the resampling to the next.
  private final class Level {
    enum Resampling {
      case halving
      case doubling
    }

    private let blocks: [ResidualBlock]
    private let convolution: Convolution?
    private let resampling: Resampling?

    init(
      _ scope: Scope, from inputs: Int, to outputs: Int, blocks count: Int, groups: Int, _ resampling: Resampling?
    ) throws {
      blocks = try (0..<count).map {
        try ResidualBlock(scope / "resnets" / $0, $0 == 0 ? inputs : outputs, outputs, groups: groups)
      }
      self.resampling = resampling
      convolution =
        switch resampling {
        case nil: nil
        case .doubling: try Convolution(scope / "upsamplers" / 0 / "conv", outputs, outputs, kernel: 3)
        case .halving:
          try Convolution(scope / "downsamplers" / 0 / "conv", outputs, outputs, kernel: 3, stride: 2, padding: 0)
        }
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      let h = try blocks.reduce(x) { try $1($0) }
      switch resampling {
      case nil: return h
      case .doubling: return try convolution?(upsampledNearest(h, 2)) ?? h
      // Padded only at the right and the bottom.
      case .halving: return try convolution?(h.padded([0, 1, 0, 1])) ?? h
      }
    }
  }

  private final class Middle {
    private let first: ResidualBlock
    private let attention: AttentionBlock?
    private let second: ResidualBlock

    init(_ scope: Scope, _ c: Configuration) throws {
      let channels = c.channels[c.channels.count - 1]
      first = try ResidualBlock(scope / "resnets" / 0, channels, channels, groups: c.groups)
      attention = c.attends ? try AttentionBlock(scope / "attentions" / 0, channels, groups: c.groups) : nil
      second = try ResidualBlock(scope / "resnets" / 1, channels, channels, groups: c.groups)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      let h = try first(x)
      return try second(attention?(h) ?? h)
    }
  }

  private final class ResidualBlock {
    private let norm1: GroupNorm
    private let conv1: Convolution
    private let norm2: GroupNorm
    private let conv2: Convolution
    private let shortcut: Convolution?

    init(_ scope: Scope, _ inputs: Int, _ outputs: Int, groups: Int) throws {
      norm1 = try GroupNorm(scope / "norm1", inputs, groups: groups, epsilon: epsilon)
      conv1 = try Convolution(scope / "conv1", inputs, outputs, kernel: 3)
      norm2 = try GroupNorm(scope / "norm2", outputs, groups: groups, epsilon: epsilon)
      conv2 = try Convolution(scope / "conv2", outputs, outputs, kernel: 3)
      shortcut = inputs == outputs ? nil : try Convolution(scope / "conv_shortcut", inputs, outputs, kernel: 1)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      let h = try conv2(silu(norm2(conv1(silu(norm1(x))))))
      return try (shortcut?(x) ?? x) + h
    }
  }

  /// Attention with one head over all positions.
  private final class AttentionBlock {
    private let norm: GroupNorm
    private let attention: MultiHeadAttention

    init(_ scope: Scope, _ channels: Int, groups: Int) throws {
      norm = try GroupNorm(scope / "group_norm", channels, groups: groups, epsilon: epsilon)
      attention = try MultiHeadAttention(scope, width: channels, heads: 1, bias: true)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      let tokens = try norm(x).reshaped([x.shape[0], x.shape[1], -1]).transposed(1, 2)
      return try x + attention(tokens).transposed(1, 2).reshaped(x.shape)
    }
  }

  private final class Out {
    private let norm: GroupNorm
    private let convolution: Convolution

    init(_ scope: Scope, _ inputs: Int, _ outputs: Int, groups: Int) throws {
      norm = try GroupNorm(scope / "conv_norm_out", inputs, groups: groups, epsilon: epsilon)
      convolution = try Convolution(scope / "conv_out", inputs, outputs, kernel: 3)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor { try convolution(silu(norm(x))) }
  }
}
