import Tensors

/// Multi-head attention with diffusers' names: to_q, to_k, to_v, to_out.0.
public final class MultiHeadAttention {
  private let toQ: Linear
  private let toK: Linear
  private let toV: Linear
  private let toOut: Linear
  private let heads: Int

  /// - Parameter context: the width of the context; nil for self-attention.
  public init(_ scope: Scope, width: Int, heads: Int, context: Int? = nil, bias: Bool = false) throws {
    toQ = try Linear(scope / "to_q", width, width, bias: bias)
    toK = try Linear(scope / "to_k", context ?? width, width, bias: bias)
    toV = try Linear(scope / "to_v", context ?? width, width, bias: bias)
    toOut = try Linear(scope / "to_out" / 0, width, width)
    self.heads = heads
  }

  /// x [B, L, width], context [B, S, ...] -> [B, L, width].
  public func callAsFunction(_ x: Tensor, context: Tensor? = nil) throws -> Tensor {
    let source = context ?? x
    let y = try attention(split(toQ(x)), split(toK(source)), split(toV(source)))
    return try toOut(y.transposed(1, 2).reshaped([x.shape[0], x.shape[1], -1]))
  }

  /// [B, L, width] -> [B, heads, L, width / heads]
  private func split(_ x: Tensor) throws -> Tensor {
    try x.reshaped([x.shape[0], x.shape[1], heads, -1]).transposed(1, 2)
  }
}
