import Networks
import Tensors

/// Self-attention over the video's tokens, attention to the text, and a feed-forward layer, diffusers' WanTransformerBlock.
///
/// Norms, shifts, scales, gates and sums are computed in float32, whatever the dtype of the rest.
final class WanTransformerBlock {
  let block: Block
  /// [1, 6, width]
  private let scaleShiftTable: Parameter
  private let norm1: LayerNorm
  private let selfAttention: WanAttention
  private let norm2: LayerNorm?
  private let textAttention: WanAttention
  private let norm3: LayerNorm
  private let input: Linear
  private let output: Linear

  init(_ scope: Scope, _ c: WanTransformerConfiguration) throws {
    block = scope.asBlock()
    let scope = block.scope
    let precise = scope.keeping(.float32)
    scaleShiftTable = try precise.parameter(
      "scale_shift_table", [1, 6, c.width], .normal(std: 1 / Double(c.width).squareRoot()))
    norm1 = try LayerNorm(precise / "norm1", c.width, affine: false, epsilon: c.epsilon)
    selfAttention = try WanAttention(scope / "attn1", c)
    textAttention = try WanAttention(scope / "attn2", c)
    norm2 = c.normalizesBeforeText ? try LayerNorm(precise / "norm2", c.width, epsilon: c.epsilon) : nil
    norm3 = try LayerNorm(precise / "norm3", c.width, affine: false, epsilon: c.epsilon)
    input = try Linear(scope / "ffn" / "net" / 0 / "proj", c.width, c.feedForwardWidth)
    output = try Linear(scope / "ffn" / "net" / 2, c.feedForwardWidth, c.width)
  }

  /// - Parameters:
  ///   - x: [B, tokens, width].
  ///   - text: [B, L, width].
  ///   - modulation: float32 [B, 6, width], made of the time.
  func callAsFunction(_ x: Tensor, text: Tensor, modulation: Tensor, _ rotary: RotaryEmbedding) throws -> Tensor {
    let m = try (scaleShiftTable.value + modulation).chunked(6, 1)
    var h = try x.to(.float32)
    h = try h + selfAttention((norm1(h) * (m[1] + 1) + m[0]).to(x.dtype), rotary: rotary).to(.float32) * m[2]
    // The sum is rounded to the network's dtype between layers, as in diffusers.
    h = try h.to(x.dtype).to(.float32)
    h = try h + textAttention((norm2?(h) ?? h).to(x.dtype), context: text).to(.float32)
    h = try h.to(x.dtype).to(.float32)
    let inner = try gelu(input((norm3(h) * (m[4] + 1) + m[3]).to(x.dtype)), .tanh)
    return try (h + output(inner).to(.float32) * m[5]).to(x.dtype)
  }
}

/// Attention with queries and keys normalized across all heads.
final class WanAttention {
  private let toQ: Linear
  private let toK: Linear
  private let toV: Linear
  private let toOut: Linear
  private let normQ: RMSNorm
  private let normK: RMSNorm
  private let heads: Int

  init(_ scope: Scope, _ c: WanTransformerConfiguration) throws {
    toQ = try Linear(scope / "to_q", c.width, c.width)
    toK = try Linear(scope / "to_k", c.width, c.width)
    toV = try Linear(scope / "to_v", c.width, c.width)
    toOut = try Linear(scope / "to_out" / 0, c.width, c.width)
    normQ = try RMSNorm(scope / "norm_q", c.width, epsilon: c.epsilon)
    normK = try RMSNorm(scope / "norm_k", c.width, epsilon: c.epsilon)
    heads = c.heads
  }

  /// x [B, tokens, width], context [B, L, width] -> [B, tokens, width].
  ///
  /// - Parameters:
  ///   - context: the text; nil for self-attention.
  ///   - rotary: the positions of queries and keys; nil for none.
  func callAsFunction(_ x: Tensor, context: Tensor? = nil, rotary: RotaryEmbedding? = nil) throws -> Tensor {
    let source = context ?? x
    let v = try split(toV(source))
    // The norms' weights may be of a wider dtype than what they scale.
    let (q, k) = (try split(normQ(toQ(x)).to(v.dtype)), try split(normK(toK(source)).to(v.dtype)))
    let y = try attention(place(q, rotary), place(k, rotary), v.transposed(1, 2))
    return try toOut(y.transposed(1, 2).reshaped(x.shape))
  }

  /// [B, tokens, width] -> [B, tokens, heads, head width]
  private func split(_ x: Tensor) throws -> Tensor { try x.reshaped([x.shape[0], x.shape[1], heads, -1]) }

  /// [B, tokens, heads, head width] -> [B, heads, tokens, head width]
  private func place(_ x: Tensor, _ rotary: RotaryEmbedding?) throws -> Tensor {
    try (rotary?(x) ?? x).transposed(1, 2)
  }
}
