import Networks
import Tensors

/// diffusers' ResnetBlock2D: two convolutions with normalization, with the embedding of time and class added in
/// between.
final class ResidualBlock {
  let block: Block
  private let norm1: GroupNorm
  private let conv1: Convolution
  private let embedding: Linear
  private let norm2: GroupNorm
  private let conv2: Convolution
  private let shortcut: Convolution?

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, embedding width: Int, groups: Int) throws {
    block = scope.asBlock()
    let scope = block.scope
    norm1 = try GroupNorm(scope / "norm1", inputs, groups: groups)
    conv1 = try Convolution(scope / "conv1", inputs, outputs, kernel: 3)
    embedding = try Linear(scope / "time_emb_proj", width, outputs)
    norm2 = try GroupNorm(scope / "norm2", outputs, groups: groups)
    conv2 = try Convolution(scope / "conv2", outputs, outputs, kernel: 3)
    shortcut = inputs == outputs ? nil : try Convolution(scope / "conv_shortcut", inputs, outputs, kernel: 1)
  }

  /// x [B, inputs, H, W], embedding (after SiLU) [B, width] -> [B, outputs, H, W]
  func callAsFunction(_ x: Tensor, _ embedded: Tensor) throws -> Tensor {
    let h = try conv1(silu(norm1(x))) + embedding(embedded).broadcast(toRank: 4)
    return try (shortcut?(x) ?? x) + conv2(silu(norm2(h)))
  }
}

/// Self-attention over all positions of an image.
final class AttentionBlock {
  private let norm: GroupNorm
  private let attention: MultiHeadAttention

  init(_ scope: Scope, _ channels: Int, heads: Int, groups: Int) throws {
    norm = try GroupNorm(scope / "group_norm", channels, groups: groups)
    attention = try MultiHeadAttention(scope, width: channels, heads: heads, bias: true)
  }

  /// [B, C, H, W] -> the same
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let tokens = try norm(x).reshaped([x.shape[0], x.shape[1], -1]).transposed(1, 2)
    return try x + attention(tokens).transposed(1, 2).reshaped(x.shape)
  }
}
