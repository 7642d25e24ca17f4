import Networks
import Tensors

/// BERT (Devlin et al., arXiv 1810.04805) conditioned on an image: each self-attention is followed by cross-attention
/// to an image model's tokens, as in BLIP (Li et al., arXiv 2201.12086). Post-norm, without token types. Parameters
/// have BLIP's names.
public final class BERTTextEncoder {
  private let words: Embedding
  private let positions: Parameter
  private let norm: LayerNorm
  private let layers: [BERTLayer]

  /// - Parameter context: the width of an image's tokens.
  public init(_ scope: Scope, _ configuration: BERTConfiguration, context: Int) throws {
    let (c, embeddings) = (configuration, scope / "embeddings")
    words = try Embedding(embeddings / "word_embeddings", count: c.vocabulary, width: c.width)
    positions = try (embeddings / "position_embeddings").parameter(
      "weight", [c.positions, c.width], .normal(std: 0.02))
    norm = try LayerNorm(embeddings / "LayerNorm", c.width, epsilon: c.epsilon)
    layers = try (0..<c.layers).map { try BERTLayer(scope / "encoder" / "layer" / $0, c, context: context) }
  }

  /// The last layer's output [B, L, width] for ids int64 [B, L].
  ///
  /// - Parameters:
  ///   - mask: bool [B, L], false for padding.
  ///   - context: an image's tokens, [B, S, context's width].
  public func callAsFunction(_ ids: Tensor, mask: Tensor, context: Tensor) throws -> Tensor {
    let x = try norm(words(ids) + positions.value.rows(0..<ids.shape[1]))
    let seen = try mask.reshaped([mask.shape[0], 1, 1, mask.shape[1]])
    return try layers.reduce(x) { try $1($0, mask: seen, context: context) }
  }
}

private final class BERTLayer {
  private let selfAttention: BERTAttention
  private let crossAttention: BERTAttention
  private let intermediate: Linear
  private let output: BERTResidual

  init(_ scope: Scope, _ c: BERTConfiguration, context: Int) throws {
    selfAttention = try BERTAttention(scope / "attention", c, context: c.width)
    crossAttention = try BERTAttention(scope / "crossattention", c, context: context)
    intermediate = try Linear(scope / "intermediate" / "dense", c.width, c.hidden)
    output = try BERTResidual(scope / "output", c.hidden, c)
  }

  func callAsFunction(_ x: Tensor, mask: Tensor, context: Tensor) throws -> Tensor {
    let y = try crossAttention(selfAttention(x, context: x, mask: mask), context: context, mask: nil)
    return try output(gelu(intermediate(y)), residual: y)
  }
}

private final class BERTAttention {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: BERTResidual
  private let heads: Int

  init(_ scope: Scope, _ c: BERTConfiguration, context: Int) throws {
    query = try Linear(scope / "self" / "query", c.width, c.width)
    key = try Linear(scope / "self" / "key", context, c.width)
    value = try Linear(scope / "self" / "value", context, c.width)
    output = try BERTResidual(scope / "output", c.width, c)
    heads = c.heads
  }

  func callAsFunction(_ x: Tensor, context: Tensor, mask: Tensor?) throws -> Tensor {
    let y = try attention(split(query(x)), split(key(context)), split(value(context)), mask: mask)
    return try output(y.transposed(1, 2).reshaped(x.shape), residual: x)
  }

  /// [B, L, width] -> [B, heads, L, width / heads]
  private func split(_ x: Tensor) throws -> Tensor {
    try x.reshaped([x.shape[0], x.shape[1], heads, -1]).transposed(1, 2)
  }
}

/// The end of a sublayer: a linear map, the residual, and a norm.
private final class BERTResidual {
  private let dense: Linear
  private let norm: LayerNorm

  init(_ scope: Scope, _ inputs: Int, _ c: BERTConfiguration) throws {
    dense = try Linear(scope / "dense", inputs, c.width)
    norm = try LayerNorm(scope / "LayerNorm", c.width, epsilon: c.epsilon)
  }

  func callAsFunction(_ x: Tensor, residual: Tensor) throws -> Tensor { try norm(dense(x) + residual) }
}
