import Networks
import Tensors

extension UNet {
  /// Transformer blocks over an image's positions, diffusers' Transformer2DModel.
  final class SpatialTransformer {
    /// diffusers' constant here, whatever the config gives for the other norms.
    private static let epsilon = 1e-6

    private let norm: GroupNorm
    private let projectIn: Projection
    private let blocks: [TransformerBlock]
    private let projectOut: Projection

    init(_ scope: Scope, _ level: UNetConfiguration.Level, _ c: UNetConfiguration) throws {
      norm = try GroupNorm(scope / "norm", level.channels, groups: c.groups, epsilon: Self.epsilon)
      projectIn = try Projection(scope / "proj_in", level.channels, linear: c.projectsLinearly)
      blocks = try (0..<level.transformerBlocks).map {
        try TransformerBlock(
          scope / "transformer_blocks" / $0, width: level.channels, heads: level.heads, text: c.textWidth)
      }
      projectOut = try Projection(scope / "proj_out", level.channels, linear: c.projectsLinearly)
    }

    /// [B, C, H, W] -> the same
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws -> Tensor {
      let (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
      // In memory a pixel's channels are adjacent (channels last), so these are views.
      var tokens = try projectIn(norm(x)).permuted([0, 2, 3, 1]).reshaped([batch, height * width, channels])
      for block in blocks { tokens = try block(tokens, pass) }
      return try x + projectOut(tokens.reshaped([batch, height, width, channels]).permuted([0, 3, 1, 2]))
    }
  }

  /// A linear map of each pixel's channels, stored as a linear layer or as a 1x1 convolution.
  private enum Projection {
    case linear(Linear)
    case convolution(Convolution)

    init(_ scope: Scope, _ channels: Int, linear: Bool) throws {
      self =
        linear
        ? .linear(try Linear(scope, channels, channels))
        : .convolution(try Convolution(scope, channels, channels, kernel: 1))
    }

    /// [B, C, H, W] -> the same
    func callAsFunction(_ x: Tensor) throws -> Tensor {
      switch self {
      case .linear(let linear): try linear(x.permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2])
      case .convolution(let convolution): try convolution(x)
      }
    }
  }

  /// Self-attention, cross-attention to the text, and a gated linear unit, each after a norm, with a residual
  /// connection.
  final class TransformerBlock {
    private let block: Block
    private let norm1: LayerNorm
    private let selfAttention: MultiHeadAttention
    private let norm2: LayerNorm
    private let textAttention: MultiHeadAttention
    private let norm3: LayerNorm
    private let gated: Linear
    private let output: Linear

    init(_ scope: Scope, width: Int, heads: Int, text: Int) throws {
      block = scope.asBlock()
      let scope = block.scope
      norm1 = try LayerNorm(scope / "norm1", width)
      selfAttention = try MultiHeadAttention(scope / "attn1", width: width, heads: heads)
      norm2 = try LayerNorm(scope / "norm2", width)
      textAttention = try MultiHeadAttention(scope / "attn2", width: width, heads: heads, context: text)
      norm3 = try LayerNorm(scope / "norm3", width)
      gated = try Linear(scope / "ff" / "net" / 0 / "proj", width, 8 * width)
      output = try Linear(scope / "ff" / "net" / 2, 4 * width, width)
    }

    /// x [B, positions, width] -> the same
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws -> Tensor {
      try block([x, pass.text], recomputing: pass.gradientCheckpointing) { [self] in try apply($0[0], text: $0[1]) }
    }

    private func apply(_ x: Tensor, text: Tensor) throws -> Tensor {
      var h = try x + selfAttention(norm1(x))
      h = try h + textAttention(norm2(h), context: text)
      // GEGLU (Shazeer, arXiv 2002.05202).
      let parts = try gated(norm3(h)).chunked(2, -1)
      return try h + output(parts[0] * gelu(parts[1]))
    }
  }
}
