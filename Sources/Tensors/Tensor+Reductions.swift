// Sums, means and extremes.

private let sumAll = Operator("aten::sum")
private let sumDims = Operator("aten::sum", "dim_IntList")
private let meanAll = Operator("aten::mean")
private let meanDims = Operator("aten::mean", "dim")
private let varDims = Operator("aten::var", "correction")
private let maxDims = Operator("aten::amax")
private let minDims = Operator("aten::amin")
private let argmaxDim = Operator("aten::argmax")
private let allOf = Operator("aten::all")
private let logSumExpDims = Operator("aten::logsumexp")
private let softmaxDim = Operator("aten::softmax", "int")
private let logSoftmaxDim = Operator("aten::log_softmax", "int")
private let vectorNorm = Operator("aten::linalg_vector_norm")
private let topkOf = Operator("aten::topk")
private let sortOf = Operator("aten::sort")
private let cumsumDim = Operator("aten::cumsum")

public func mean(_ x: Tensor) throws -> Tensor { try meanAll(.tensor(x)) }
public func sum(_ x: Tensor) throws -> Tensor { try sumAll(.tensor(x)) }

extension Tensor {
  public func sum(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
    try sumDims(.tensor(self), .ints(dims), .bool(keeping))
  }

  public func mean(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
    try meanDims(.tensor(self), .ints(dims), .bool(keeping))
  }

  /// - Parameter correction: 1 divides by n-1, 0 by n.
  public func variance(_ dims: [Int], correction: Int = 1, keeping: Bool = false) throws -> Tensor {
    try varDims(.tensor(self), .ints(dims), .int(correction), .bool(keeping))
  }

  public func maximum(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
    try maxDims(.tensor(self), .ints(dims), .bool(keeping))
  }

  public func minimum(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
    try minDims(.tensor(self), .ints(dims), .bool(keeping))
  }

  public func argmax(_ dim: Int) throws -> Tensor { try argmaxDim(.tensor(self), .int(dim)) }
  public func all() throws -> Bool { try allOf(.tensor(self)).item() != 0 }

  public func logSumExp(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
    try logSumExpDims(.tensor(self), .ints(dims), .bool(keeping))
  }

  public func softmax(_ dim: Int) throws -> Tensor { try softmaxDim(.tensor(self), .int(dim)) }
  public func logSoftmax(_ dim: Int) throws -> Tensor { try logSoftmaxDim(.tensor(self), .int(dim)) }

  /// The Euclidean norm over `dims`, or of everything.
  public func norm(_ dims: [Int]? = nil, keeping: Bool = false) throws -> Tensor {
    try vectorNorm(.tensor(self), .double(2), dims.map(OperatorArgument.ints) ?? .none, .bool(keeping))
  }

  /// The k largest (or smallest) elements of the last dimension and their indices.
  public func top(_ k: Int, largest: Bool = true) throws -> (values: Tensor, indices: Tensor) {
    let both = try topkOf.many(.tensor(self), .int(k), .int(-1), .bool(largest), .bool(true))
    return (both[0], both[1])
  }

  public func sorted(_ dim: Int = -1, descending: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    let both = try sortOf.many(.tensor(self), .int(dim), .bool(descending))
    return (both[0], both[1])
  }

  public func cumulativeSum(_ dim: Int) throws -> Tensor { try cumsumDim(.tensor(self), .int(dim)) }

  /// The mean over everything but the first dimension: [B, ...] -> [B].
  public func meanPerSample() throws -> Tensor { rank == 1 ? self : try mean(Array(1..<rank)) }
}
