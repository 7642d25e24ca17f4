// Shapes, copies and conversions.

private let reshapeTo = Operator("aten::reshape")
private let permuteTo = Operator("aten::permute")
private let transposeDims = Operator("aten::transpose", "int")
private let unsqueezeAt = Operator("aten::unsqueeze")
private let squeezeAt = Operator("aten::squeeze", "dim")
private let expandTo = Operator("aten::expand")
private let repeatBy = Operator("aten::repeat")
private let catOf = Operator("aten::cat")
private let stackOf = Operator("aten::stack")
private let chunkOf = Operator("aten::chunk")
private let splitSizes = Operator("aten::split_with_sizes")
private let padConstant = Operator("aten::constant_pad_nd")
private let contiguousOf = Operator("aten::contiguous")
private let cloneOf = Operator("aten::clone")
private let detachOf = Operator("aten::detach")
private let toDTypeLayout = Operator("aten::to", "dtype_layout")
private let flipDims = Operator("aten::flip")
private let rollDims = Operator("aten::roll")
private let pixelShuffle = Operator("aten::pixel_shuffle")
private let pixelUnshuffle = Operator("aten::pixel_unshuffle")
private let triangleLower = Operator("aten::tril")

extension Tensor {
  public func reshaped(_ shape: [Int]) throws -> Tensor { try reshapeTo(.tensor(self), .ints(shape)) }
  public func permuted(_ dims: [Int]) throws -> Tensor { try permuteTo(.tensor(self), .ints(dims)) }
  public func transposed(_ a: Int, _ b: Int) throws -> Tensor { try transposeDims(.tensor(self), .int(a), .int(b)) }
  public func unsqueezed(_ dim: Int) throws -> Tensor { try unsqueezeAt(.tensor(self), .int(dim)) }
  public func squeezed(_ dim: Int) throws -> Tensor { try squeezeAt(.tensor(self), .int(dim)) }
  /// A view in which dimensions of size 1 are repeated to match `shape`; -1 keeps a dimension.
  public func expanded(_ shape: [Int]) throws -> Tensor { try expandTo(.tensor(self), .ints(shape)) }
  public func repeated(_ times: [Int]) throws -> Tensor { try repeatBy(.tensor(self), .ints(times)) }
  /// Repeats every slice along `dim` `times` times in a row.
  public func repeatInterleaved(_ times: Int, _ dim: Int = 0) throws -> Tensor {
    // libtorch's own operator reads how often from a tensor, which waits for a GPU.
    let place = dim < 0 ? dim + rank : dim
    var sizes = Array(repeating: -1, count: rank + 1)
    sizes[place + 1] = times
    var result = shape
    result[place] *= times
    return try unsqueezed(place + 1).expanded(sizes).reshaped(result)
  }
  public func flipped(_ dims: [Int]) throws -> Tensor { try flipDims(.tensor(self), .ints(dims)) }
  public func rolled(_ shifts: [Int], _ dims: [Int]) throws -> Tensor {
    try rollDims(.tensor(self), .ints(shifts), .ints(dims))
  }
  /// The lower triangle; elements above it become 0.
  public func lowerTriangle() throws -> Tensor { try triangleLower(.tensor(self)) }

  /// [B] as [B, 1, ..., 1], to broadcast with tensors of `rank` dimensions.
  public func broadcast(toRank rank: Int) throws -> Tensor {
    try reshaped(shape + Array(repeating: 1, count: rank - self.rank))
  }

  /// Chunks along `dim`; the last one is smaller if the size is not divisible.
  public func chunked(_ count: Int, _ dim: Int) throws -> [Tensor] {
    try chunkOf.many(.tensor(self), .int(count), .int(dim))
  }
  public func split(_ sizes: [Int], _ dim: Int) throws -> [Tensor] {
    try splitSizes.many(.tensor(self), .ints(sizes), .int(dim))
  }
  /// Pads with `value`: pairs (before, after), from the last dimension backwards.
  public func padded(_ pads: [Int], value: Double = 0) throws -> Tensor {
    try padConstant(.tensor(self), .ints(pads), .double(value))
  }

  /// [B, C, H, W] -> [B, C·f², H/f, W/f]: blocks of pixels become channels.
  public func spaceToDepth(_ factor: Int) throws -> Tensor { try pixelUnshuffle(.tensor(self), .int(factor)) }
  /// The inverse of `spaceToDepth`.
  public func depthToSpace(_ factor: Int) throws -> Tensor { try pixelShuffle(.tensor(self), .int(factor)) }

  public func contiguous() throws -> Tensor { try contiguousOf(.tensor(self)) }
  /// The same values [B, C, H, W] in the channels-last memory format, which is the fastest for convolutions.
  public func channelsLast() throws -> Tensor { try contiguousOf(.tensor(self), .int(2)) }
  public func cloned() throws -> Tensor { try cloneOf(.tensor(self)) }
  /// The same values, without the graph.
  public func detached() throws -> Tensor { try detachOf(.tensor(self)) }

  public func to(_ dtype: DType) throws -> Tensor {
    dtype == self.dtype ? self : try toDTypeLayout(.tensor(self), .dtype(dtype))
  }
  public func to(_ device: Device) throws -> Tensor {
    if device != .meta, FakeTensorMode.reads(self) { return try .ones(shape, dtype, on: device) }
    return device == self.device ? self : try toDTypeLayout(.tensor(self), .none, .none, .device(device))
  }
}

public func concatenated(_ tensors: [Tensor], _ dim: Int = 0) throws -> Tensor {
  try catOf(.tensors(tensors), .int(dim))
}

public func stacked(_ tensors: [Tensor], _ dim: Int = 0) throws -> Tensor {
  try stackOf(.tensors(tensors), .int(dim))
}
