import Networks
import Tensors

/// The sizes of a CLIP transformer, for text or for images.
public struct CLIPEncoderShape: Equatable, Sendable {
  public var width: Int
  public var layers: Int
  public var heads: Int
  /// The width of the hidden layer in each block's MLP.
  public var hidden: Int
  public var activation: GELU
  public var epsilon: Double
}

/// A stack of pre-norm transformer blocks (Radford et al., arXiv 2103.00020), with transformers' names.
final class CLIPEncoder {
  private let layers: [CLIPEncoderLayer]

  init(_ scope: Scope, _ shape: CLIPEncoderShape) throws {
    layers = try (0..<shape.layers).map { try CLIPEncoderLayer(scope / "layers" / $0, shape) }
  }

  /// x [B, L, width] after all layers except the last `skipped`.
  func callAsFunction(_ x: Tensor, mask: Tensor?, skipping skipped: Int) throws -> Tensor {
    try layers.dropLast(skipped).reduce(x) { try $1($0, mask: mask) }
  }

  /// x [B, L, width] after applying only the last layer.
  func last(_ x: Tensor, mask: Tensor?) throws -> Tensor { try layers.last?(x, mask: mask) ?? x }
}

private final class CLIPEncoderLayer {
  private let norm1: LayerNorm
  private let attention: CLIPAttention
  private let norm2: LayerNorm
  private let fc1: Linear
  private let fc2: Linear
  private let activation: GELU

  init(_ scope: Scope, _ shape: CLIPEncoderShape) throws {
    norm1 = try LayerNorm(scope / "layer_norm1", shape.width, epsilon: shape.epsilon)
    attention = try CLIPAttention(scope / "self_attn", shape)
    norm2 = try LayerNorm(scope / "layer_norm2", shape.width, epsilon: shape.epsilon)
    fc1 = try Linear(scope / "mlp" / "fc1", shape.width, shape.hidden)
    fc2 = try Linear(scope / "mlp" / "fc2", shape.hidden, shape.width)
    activation = shape.activation
  }

  func callAsFunction(_ x: Tensor, mask: Tensor?) throws -> Tensor {
    let attended = try x + attention(norm1(x), mask: mask)
    return try attended + fc2(gelu(fc1(norm2(attended)), activation))
  }
}

private final class CLIPAttention {
  private let toQ: Linear
  private let toK: Linear
  private let toV: Linear
  private let toOut: Linear
  private let heads: Int

  init(_ scope: Scope, _ shape: CLIPEncoderShape) throws {
    toQ = try Linear(scope / "q_proj", shape.width, shape.width)
    toK = try Linear(scope / "k_proj", shape.width, shape.width)
    toV = try Linear(scope / "v_proj", shape.width, shape.width)
    toOut = try Linear(scope / "out_proj", shape.width, shape.width)
    heads = shape.heads
  }

  func callAsFunction(_ x: Tensor, mask: Tensor?) throws -> Tensor {
    let y = try attention(split(toQ(x)), split(toK(x)), split(toV(x)), mask: mask)
    return try toOut(y.transposed(1, 2).reshaped(x.shape))
  }

  /// [B, L, width] -> [B, heads, L, width / heads]
  private func split(_ x: Tensor) throws -> Tensor {
    try x.reshaped([x.shape[0], x.shape[1], heads, -1]).transposed(1, 2)
  }
}
