// Parts of tensors. A position, a range, a new axis and an ellipsis give views that share memory; a tensor of indices
// gives a copy.

private let selectInt = Operator("aten::select", "int")
private let sliceOf = Operator("aten::slice", "Tensor")
private let unsqueezeAt = Operator("aten::unsqueeze")
private let indexTensors = Operator("aten::index", "Tensor")
private let indexPut = Operator("aten::index_put_")
private let indexSelect = Operator("aten::index_select")
private let gatherOf = Operator("aten::gather")
private let copyTo = Operator("aten::copy_")

/// One part of an index, as in NumPy and PyTorch.
public enum TensorIndex: ExpressibleByIntegerLiteral {
  case at(Int)
  /// Half open; negative bounds count from the end, and nil means no bound.
  case range(Int?, Int?, step: Int = 1)
  case all
  case newAxis
  case ellipsis
  /// int64 positions or a bool mask.
  case tensor(Tensor)

  public init(integerLiteral value: Int) { self = .at(value) }
}

extension Tensor {
  /// `x[0]`, `x[.ellipsis, .range(0, 3)]`, `x[.all, .newAxis]`, `x[.tensor(mask)]`.
  public subscript(_ indices: TensorIndex...) -> Tensor {
    get throws { try part(indices) }
  }

  public func part(_ indices: [TensorIndex]) throws -> Tensor {
    let (view, picks) = try located(indices)
    return picks.isEmpty ? view : try indexTensors(.tensor(view), .optionalTensors(picks))
  }

  /// The view from positions, ranges and new axes, and the tensors that index it, as `aten::index` takes them.
  private func located(_ indices: [TensorIndex]) throws -> (view: Tensor, picks: [Tensor?]) {
    var view = self
    var dim = 0
    var picks = [Tensor?]()
    var picked = 0  // dimensions that `picks` speaks for
    for (place, index) in indices.enumerated() {
      switch index {
      case .at(let position): view = try selectInt(.tensor(view), .int(dim), .int(position))
      case .range(let start, let end, let step):
        view = try view.sliced(dim, from: start, to: end, step: step)
        dim += 1
      case .all: dim += 1
      case .newAxis:
        view = try unsqueezeAt(.tensor(view), .int(dim))
        dim += 1
      case .ellipsis: dim = view.rank - indices[(place + 1)...].reduce(0) { $0 + $1.dimensions }
      case .tensor(let tensor):
        picks += Array(repeating: nil, count: dim - picked) + [tensor]
        dim += index.dimensions
        picked = dim
      }
    }
    return (view, picks)
  }

  /// A view of positions from..<to of `dim`.
  public func sliced(_ dim: Int, from start: Int? = nil, to end: Int? = nil, step: Int = 1) throws -> Tensor {
    try sliceOf(
      .tensor(self), .int(dim), start.map(OperatorArgument.int) ?? .none, end.map(OperatorArgument.int) ?? .none,
      .int(step))
  }

  /// A half-open range of rows (first dimension); a view.
  public func rows(_ range: Range<Int>) throws -> Tensor {
    try sliced(0, from: range.lowerBound, to: range.upperBound)
  }

  /// The slices of `dim` at int64 positions [n]; a copy.
  public func selected(_ indices: Tensor, _ dim: Int = 0) throws -> Tensor {
    try indexSelect(.tensor(self), .int(dim), .tensor(indices))
  }

  /// out[i][j] = self[i][indices[i][j]] for dim 1, and so on.
  public func gathered(_ indices: Tensor, _ dim: Int) throws -> Tensor {
    try gatherOf(.tensor(self), .int(dim), .tensor(indices))
  }

  /// Writes `source` (broadcast, converted) into this tensor's memory.
  public func copy(from source: Tensor) throws { try copyTo.call([.tensor(self), .tensor(source)]) }

  /// Writes `source` (broadcast, converted) into a part of this tensor.
  public func assign(_ source: Tensor, at indices: TensorIndex...) throws {
    let (view, picks) = try located(indices)
    if picks.isEmpty { return try view.copy(from: source) }
    let values = try source.to(view.device).to(view.dtype)
    try indexPut.call([.tensor(view), .optionalTensors(picks), .tensor(values)])
  }
}

extension TensorIndex {
  /// The number of dimensions that this part indexes.
  fileprivate var dimensions: Int {
    switch self {
    case .newAxis, .ellipsis: 0
    case .tensor(let tensor) where tensor.dtype == .bool: tensor.rank
    default: 1
    }
  }
}
