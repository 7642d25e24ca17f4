// Arithmetic, element by element, with PyTorch's broadcasting and type promotion.

private let addTensor = Operator("aten::add", "Tensor")
private let addScalar = Operator("aten::add", "Scalar")
private let subTensor = Operator("aten::sub", "Tensor")
private let subScalar = Operator("aten::sub", "Scalar")
private let rsubScalar = Operator("aten::rsub", "Scalar")
private let mulTensor = Operator("aten::mul", "Tensor")
private let mulScalar = Operator("aten::mul", "Scalar")
private let divTensor = Operator("aten::div", "Tensor")
private let divScalar = Operator("aten::div", "Scalar")
private let negative = Operator("aten::neg")
private let reciprocalOf = Operator("aten::reciprocal")
private let powScalar = Operator("aten::pow", "Tensor_Scalar")
private let maximumOf = Operator("aten::maximum")
private let minimumOf = Operator("aten::minimum")

public func + (a: Tensor, b: Tensor) throws -> Tensor { try addTensor(.tensor(a), .tensor(b)) }
public func + (a: Tensor, b: Double) throws -> Tensor { try addScalar(.tensor(a), .double(b)) }
public func + (a: Double, b: Tensor) throws -> Tensor { try addScalar(.tensor(b), .double(a)) }

public func - (a: Tensor, b: Tensor) throws -> Tensor { try subTensor(.tensor(a), .tensor(b)) }
public func - (a: Tensor, b: Double) throws -> Tensor { try subScalar(.tensor(a), .double(b)) }
public func - (a: Double, b: Tensor) throws -> Tensor { try rsubScalar(.tensor(b), .double(a)) }
public prefix func - (a: Tensor) throws -> Tensor { try negative(.tensor(a)) }

public func * (a: Tensor, b: Tensor) throws -> Tensor { try mulTensor(.tensor(a), .tensor(b)) }
public func * (a: Tensor, b: Double) throws -> Tensor { try mulScalar(.tensor(a), .double(b)) }
public func * (a: Double, b: Tensor) throws -> Tensor { try mulScalar(.tensor(b), .double(a)) }

public func / (a: Tensor, b: Tensor) throws -> Tensor { try divTensor(.tensor(a), .tensor(b)) }
public func / (a: Tensor, b: Double) throws -> Tensor { try divScalar(.tensor(a), .double(b)) }
public func / (a: Double, b: Tensor) throws -> Tensor { try mulScalar(.tensor(reciprocalOf(.tensor(b))), .double(a)) }

public func maximum(_ a: Tensor, _ b: Tensor) throws -> Tensor { try maximumOf(.tensor(a), .tensor(b)) }
public func minimum(_ a: Tensor, _ b: Tensor) throws -> Tensor { try minimumOf(.tensor(a), .tensor(b)) }

extension Tensor {
  public func power(_ exponent: Double) throws -> Tensor { try powScalar(.tensor(self), .double(exponent)) }
  public func squared() throws -> Tensor { try mulTensor(.tensor(self), .tensor(self)) }
}
