// The operators that networks consist of.

private let conv1d = Operator("aten::conv1d")
private let conv2d = Operator("aten::conv2d")
private let conv3d = Operator("aten::conv3d")
private let groupNormOf = Operator("aten::group_norm")
private let layerNormOf = Operator("aten::layer_norm")
private let rmsNormOf = Operator("aten::rms_norm")
private let embeddingOf = Operator("aten::embedding")
private let fusedAttention = Operator("aten::scaled_dot_product_attention")

extension Operator {
  static var hasFusedAttention: Bool { fusedAttention.exists }
}

private let upsampleNearest2d = Operator("aten::upsample_nearest2d")
private let averagePool2d = Operator("aten::avg_pool2d")
private let maxPool2d = Operator("aten::max_pool2d")
private let meanSquaredError = Operator("aten::mse_loss")
private let negativeLogLikelihood = Operator("aten::nll_loss")

/// Convolves x [B, C, ...] over 1, 2 or 3 spatial dimensions, according to the weight's rank; weight [out, in/groups,
/// k...].
///
/// - Parameters:
///   - stride: one number for each spatial dimension.
///   - padding: zeros on both sides, one number for each spatial dimension.
/// - Throws: `TensorError` if a list has another length.
public func convolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int], padding: [Int], dilation: [Int], groups: Int = 1
) throws -> Tensor {
  let spatial = weight.rank - 2
  guard let op = [1: conv1d, 2: conv2d, 3: conv3d][spatial] else {
    throw TensorError("convolution", "the weight \(weight.summary) has no spatial dimension")
  }
  guard [stride, padding, dilation].allSatisfy({ $0.count == spatial }) else {
    throw TensorError(
      "convolution", "expected \(spatial) strides, paddings and dilations, got \(stride), \(padding), \(dilation)")
  }
  return try op(
    .tensor(x), .tensor(weight), .tensor(bias), .ints(stride), .ints(padding), .ints(dilation), .int(groups))
}

/// The same with one number for all spatial dimensions.
public func convolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
  groups: Int = 1
) throws -> Tensor {
  func each(_ value: Int) -> [Int] { Array(repeating: value, count: max(0, weight.rank - 2)) }
  return try convolution(
    x, weight, bias, stride: each(stride), padding: each(padding), dilation: each(dilation), groups: groups)
}

public func groupNorm(_ x: Tensor, groups: Int, _ weight: Tensor?, _ bias: Tensor?, epsilon: Double) throws -> Tensor {
  try groupNormOf(.tensor(x), .int(groups), .tensor(weight), .tensor(bias), .double(epsilon))
}

/// Normalizes the last dimensions, whose sizes are `shape`.
public func layerNorm(_ x: Tensor, _ shape: [Int], _ weight: Tensor?, _ bias: Tensor?, epsilon: Double) throws -> Tensor
{
  try layerNormOf(.tensor(x), .ints(shape), .tensor(weight), .tensor(bias), .double(epsilon))
}

/// x / sqrt(mean(x²) + ε) · weight over the last dimension; composed of other operators before libtorch 2.4.
public func rmsNorm(_ x: Tensor, _ weight: Tensor?, epsilon: Double) throws -> Tensor {
  if rmsNormOf.exists {
    return try rmsNormOf(.tensor(x), .ints([x.shape[x.rank - 1]]), .tensor(weight), .double(epsilon))
  }
  let normal = try x / sqrt(x.squared().mean([-1], keeping: true) + epsilon)
  return try weight.map { try normal * $0 } ?? normal
}

/// Rows of weight [n, d] at int64 indices [...]: [..., d].
public func embedding(_ indices: Tensor, _ weight: Tensor) throws -> Tensor {
  try embeddingOf(.tensor(weight), .tensor(indices))
}

/// softmax(q kᵀ / sqrt(d)) v. q [..., L, d], k and v [..., S, d]; mask [..., L, S]: bool (true attends) or added.
///
/// One fused operator from libtorch 2.0 on, composed of others before.
public func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil) throws -> Tensor {
  if q.device == .meta, let planned = try FakeTensorMode.attention(q, k, v) { return planned }
  if fusedAttention.exists { return try fusedAttention(.tensor(q), .tensor(k), .tensor(v), .tensor(mask)) }
  return try composedAttention(q, k, v, mask: mask)
}

/// Attention by matrix products, for a part of the queries at a time if the attention weights of all exceed `limit`
/// elements.
func composedAttention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, limit: Int = 1 << 26
) throws -> Tensor {
  let queries = q.shape[q.rank - 2]
  let weights = q.count / q.shape[q.rank - 1] * k.shape[k.rank - 2]
  let pieces = min(queries, (weights + limit - 1) / limit)
  guard pieces > 1 else { return try wholeAttention(q, k, v, mask) }
  let size = (queries + pieces - 1) / pieces
  let parts = try stride(from: 0, to: queries, by: size).map { start in
    func piece(_ x: Tensor) throws -> Tensor { try x.sliced(-2, from: start, to: min(start + size, queries)) }
    return try wholeAttention(piece(q), k, v, mask.map { $0.shape[$0.rank - 2] == 1 ? $0 : try piece($0) })
  }
  return try concatenated(parts, -2)
}

private func wholeAttention(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?) throws -> Tensor {
  let d = Double(q.shape[q.rank - 1])
  var logits = try matmul(q * (1 / d.squareRoot()), k.transposed(-2, -1))
  if let mask {
    logits = try mask.dtype == .bool ? select(mask, logits, .full([], -.infinity, logits.dtype)) : logits + mask
  }
  return try matmul(logits.softmax(-1), v)
}

/// [B, C, H, W] -> [B, C, fH, fW], each pixel repeated.
public func upsampledNearest(_ x: Tensor, _ factor: Int) throws -> Tensor {
  try upsampledNearest(x, to: [x.shape[2] * factor, x.shape[3] * factor])
}

/// [B, C, H, W] resized to this height and width; each pixel copies the nearest one to its upper left.
public func upsampledNearest(_ x: Tensor, to size: [Int]) throws -> Tensor {
  try upsampleNearest2d(.tensor(x), .ints(size))
}

public func averagePooled(_ x: Tensor, _ size: Int) throws -> Tensor {
  try averagePool2d(.tensor(x), .ints([size, size]))
}

public func maxPooled(_ x: Tensor, _ size: Int) throws -> Tensor { try maxPool2d(.tensor(x), .ints([size, size])) }

/// The mean of (a - b)² over everything.
public func mse(_ a: Tensor, _ b: Tensor) throws -> Tensor { try meanSquaredError(.tensor(a), .tensor(b)) }

/// The mean of -log p[target] over the batch: log-probabilities [B, K], int64 targets [B].
public func negativeLogLikelihood(_ logProbabilities: Tensor, _ targets: Tensor) throws -> Tensor {
  try Tensors.negativeLogLikelihood(.tensor(logProbabilities), .tensor(targets))
}
