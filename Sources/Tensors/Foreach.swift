// Operators on many tensors in one call, for optimizers, clipping and averages. The underscored ones write in place.

private let foreachAdd = Operator("aten::_foreach_add_", "List")
private let foreachAddScalar = Operator("aten::_foreach_add_", "Scalar")
private let foreachMul = Operator("aten::_foreach_mul_", "Scalar")
private let foreachAddcmul = Operator("aten::_foreach_addcmul_", "Scalar")
private let foreachAddcdiv = Operator("aten::_foreach_addcdiv_", "Scalar")
private let foreachSqrt = Operator("aten::_foreach_sqrt")
private let foreachNorm = Operator("aten::_foreach_norm", "Scalar")
private let foreachLerp = Operator("aten::_foreach_lerp_", "Scalar")
private let fusedAdamW = Operator("aten::_fused_adamw_")
private let fillInPlace = Operator("aten::fill_", "Scalar")

public enum Foreach {
  /// a += scale · b
  public static func add(_ a: [Tensor], _ b: [Tensor], scale: Double = 1) throws {
    try foreachAdd.call([.tensors(a), .tensors(b), .double(scale)])
  }

  public static func add(_ a: [Tensor], _ value: Double) throws {
    try foreachAddScalar.call([.tensors(a), .double(value)])
  }

  /// a *= factor
  public static func multiply(_ a: [Tensor], by factor: Double) throws {
    try foreachMul.call([.tensors(a), .double(factor)])
  }

  /// a += scale · b · c
  public static func addProduct(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double) throws {
    try foreachAddcmul.call([.tensors(a), .tensors(b), .tensors(c), .double(scale)])
  }

  /// a += scale · b / c
  public static func addQuotient(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double) throws {
    try foreachAddcdiv.call([.tensors(a), .tensors(b), .tensors(c), .double(scale)])
  }

  public static func squareRoots(_ a: [Tensor]) throws -> [Tensor] { try foreachSqrt.many(.tensors(a)) }

  /// The Euclidean norm of each tensor.
  public static func norms(_ a: [Tensor]) throws -> [Tensor] { try foreachNorm.many(.tensors(a), .double(2)) }

  /// a += weight · (b - a)
  public static func lerp(_ a: [Tensor], toward b: [Tensor], _ weight: Double) throws {
    if foreachLerp.exists {
      try foreachLerp.call([.tensors(a), .tensors(b), .double(weight)])
    } else {
      try multiply(a, by: 1 - weight)
      try add(a, b, scale: weight)
    }
  }
}

/// One AdamW step (Loshchilov & Hutter, arXiv 1711.05101), in place, fused if this libtorch has the operator.
///
/// - Parameters:
///   - step: counts from 1.
///   - first, second: the running means of the gradients and of their squares.
public func adamWStep(
  _ parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], step: Int, learningRate: Double,
  betas: (Double, Double), weightDecay: Double, epsilon: Double
) throws {
  guard !parameters.isEmpty else { return }
  let device = parameters[0].device
  // The fused step takes no memory. A plan for a GPU is for libtorch 2, whichever makes it.
  if device == .meta, let planned = FakeTensorMode.current?.device, planned != .cpu || Runtime.hasFusedAdamW(on: .cpu) {
    return
  }
  if fusedAdamW.exists, Runtime.hasFusedAdamW(on: device) {
    // The step is only read, so one tensor serves all.
    let steps = Array(repeating: try Tensor.full([], Double(step), on: device), count: parameters.count)
    try fusedAdamW.call([
      .tensors(parameters), .tensors(gradients), .tensors(first), .tensors(second), .tensors([]), .tensors(steps),
      .double(learningRate), .double(betas.0), .double(betas.1), .double(weightDecay), .double(epsilon), .bool(false),
      .bool(false),
    ])
    return
  }
  let correction1 = 1 - pow(betas.0, step)
  let correction2 = 1 - pow(betas.1, step)
  try Foreach.multiply(parameters, by: 1 - learningRate * weightDecay)
  try Foreach.lerp(first, toward: gradients, 1 - betas.0)
  try Foreach.multiply(second, by: betas.1)
  try Foreach.addProduct(second, gradients, gradients, scale: 1 - betas.1)
  let denominators = try Foreach.squareRoots(second)
  try Foreach.multiply(denominators, by: 1 / correction2.squareRoot())
  try Foreach.add(denominators, epsilon)
  try Foreach.addQuotient(parameters, first, denominators, scale: -learningRate / correction1)
}

private func pow(_ base: Double, _ exponent: Int) -> Double {
  var (result, factor, left) = (1.0, base, exponent)
  while left > 0 {
    if left & 1 == 1 { result *= factor }
    factor *= factor
    left >>= 1
  }
  return result
}

extension Runtime {
  /// The fused step exists on the CPU since libtorch 2.4, on CUDA since 2.0.
  fileprivate static func hasFusedAdamW(on device: Device) -> Bool {
    let parts = version.split(separator: ".").prefix(2).compactMap { Int($0) }
    guard parts.count == 2 else { return false }
    return device == .cpu ? (parts[0], parts[1]) >= (2, 4) : parts[0] >= 2
  }
}

extension Tensor {
  /// Sets every element, in place.
  public func fill(_ value: Double) throws { try fillInPlace.call([.tensor(self), .double(value)]) }
}
