// Elementwise functions.

private let expOf = Operator("aten::exp")
private let logOf = Operator("aten::log")
private let sqrtOf = Operator("aten::sqrt")
private let sinOf = Operator("aten::sin")
private let cosOf = Operator("aten::cos")
private let tanhOf = Operator("aten::tanh")
private let absOf = Operator("aten::abs")
private let signOf = Operator("aten::sign")
private let sigmoidOf = Operator("aten::sigmoid")
private let siluOf = Operator("aten::silu")
private let geluOf = Operator("aten::gelu")
private let reluOf = Operator("aten::relu")
private let softplusOf = Operator("aten::softplus")
private let roundOf = Operator("aten::round")
private let floorOf = Operator("aten::floor")
private let clampTo = Operator("aten::clamp")
private let nanToNum = Operator("aten::nan_to_num")
private let isFiniteOf = Operator("aten::isfinite")
private let equalTo = Operator("aten::eq", "Tensor")
private let equalToScalar = Operator("aten::eq", "Scalar")
private let lessThan = Operator("aten::lt", "Scalar")
private let greaterThan = Operator("aten::gt", "Scalar")
private let lessOrEqualTensor = Operator("aten::le", "Tensor")
private let whereSelf = Operator("aten::where", "self")
private let maskedFill = Operator("aten::masked_fill", "Scalar")

public func exp(_ x: Tensor) throws -> Tensor { try expOf(.tensor(x)) }
public func log(_ x: Tensor) throws -> Tensor { try logOf(.tensor(x)) }
public func sqrt(_ x: Tensor) throws -> Tensor { try sqrtOf(.tensor(x)) }
public func sin(_ x: Tensor) throws -> Tensor { try sinOf(.tensor(x)) }
public func cos(_ x: Tensor) throws -> Tensor { try cosOf(.tensor(x)) }
public func tanh(_ x: Tensor) throws -> Tensor { try tanhOf(.tensor(x)) }
public func abs(_ x: Tensor) throws -> Tensor { try absOf(.tensor(x)) }
public func sigmoid(_ x: Tensor) throws -> Tensor { try sigmoidOf(.tensor(x)) }
public func silu(_ x: Tensor) throws -> Tensor { try siluOf(.tensor(x)) }
public func relu(_ x: Tensor) throws -> Tensor { try reluOf(.tensor(x)) }
public func softplus(_ x: Tensor) throws -> Tensor { try softplusOf(.tensor(x)) }

/// The variants of GELU. A checkpoint needs the one that it was trained with.
public enum GELU: Sendable {
  case exact
  /// The tanh approximation.
  case tanh
  /// x·sigmoid(1.702x), as in OpenAI's CLIP.
  case quick
}

public func gelu(_ x: Tensor, _ variant: GELU = .exact) throws -> Tensor {
  switch variant {
  case .exact: try geluOf(.tensor(x), .string("none"))
  case .tanh: try geluOf(.tensor(x), .string("tanh"))
  case .quick: try x * sigmoid(x * 1.702)
  }
}

extension Tensor {
  public func sign() throws -> Tensor { try signOf(.tensor(self)) }
  public func rounded() throws -> Tensor { try roundOf(.tensor(self)) }
  public func floor() throws -> Tensor { try floorOf(.tensor(self)) }

  /// Limits every element to [lower, upper]; nil means no limit on that side.
  public func clamped(_ lower: Double?, _ upper: Double?) throws -> Tensor {
    try clampTo(.tensor(self), lower.map(OperatorArgument.double) ?? .none, upper.map(OperatorArgument.double) ?? .none)
  }

  /// Replaces NaN by 0, and infinities by the largest finite numbers.
  public func nanToNumber() throws -> Tensor { try nanToNum(.tensor(self)) }
  /// bool: whether each element is neither NaN nor infinite.
  public func isFinite() throws -> Tensor { try isFiniteOf(.tensor(self)) }
  /// The number of elements that are NaN or infinite.
  public func nonFiniteCount() throws -> Int { count - Int(try Tensors.sum(isFinite()).item()) }

  public func equal(to other: Tensor) throws -> Tensor { try equalTo(.tensor(self), .tensor(other)) }
  public func equal(to value: Double) throws -> Tensor { try equalToScalar(.tensor(self), .double(value)) }
  public func less(than value: Double) throws -> Tensor { try lessThan(.tensor(self), .double(value)) }
  public func greater(than value: Double) throws -> Tensor { try greaterThan(.tensor(self), .double(value)) }
  public func lessOrEqual(to other: Tensor) throws -> Tensor { try lessOrEqualTensor(.tensor(self), .tensor(other)) }
  /// `value` at the elements at which `mask` (bool, broadcast) is true, this tensor elsewhere.
  public func filled(where mask: Tensor, with value: Double) throws -> Tensor {
    try maskedFill(.tensor(self), .tensor(mask), .double(value))
  }
}

/// `a` at the elements at which the bool tensor `mask` is true, `b` elsewhere.
public func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
  try whereSelf(.tensor(mask), .tensor(a), .tensor(b))
}
