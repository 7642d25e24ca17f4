import Tensors

/// y = x Wᵀ + b over the last dimension; weight [out, in], bias [out].
public final class Linear {
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    _ scope: Scope, _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil
  ) throws {
    let start = initializer ?? .fanIn(inputs)
    weight = try scope.parameter("weight", [outputs, inputs], start)
    weight.takesAdapter = true
    self.bias = bias ? try scope.parameter("bias", [outputs], start) : nil
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let y = try linear(x, weight.value, bias?.value)
    guard let adapter = weight.adapter else { return y }
    return try y + linear(linear(x, adapter.down.value), adapter.up.value) * adapter.scale
  }
}

/// A convolution over 1, 2 or 3 spatial dimensions; weight [out, in/groups, kernel...].
public final class Convolution {
  public let weight: Parameter
  public let bias: Parameter?
  private let stride: [Int]
  private let padding: [Int]
  private let dilation: [Int]
  private let groups: Int

  /// - Parameters:
  ///   - kernel: one number for each spatial dimension: [3, 1, 1] covers only a video's frames.
  ///   - stride: likewise; nil is 1.
  ///   - padding: likewise; nil keeps the size at stride 1.
  ///   - dilation: likewise; nil is 1.
  public init(
    _ scope: Scope, _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil,
    dilation: [Int]? = nil, groups: Int = 1, bias: Bool = true, initializer: Initializer? = nil
  ) throws {
    let start = initializer ?? .fanIn(kernel.reduce(inputs / groups, *))
    weight = try scope.parameter("weight", [outputs, inputs / groups] + kernel, start)
    weight.takesAdapter = true
    self.bias = bias ? try scope.parameter("bias", [outputs], start) : nil
    self.stride = stride ?? kernel.map { _ in 1 }
    self.dilation = dilation ?? kernel.map { _ in 1 }
    self.padding = padding ?? zip(kernel, self.dilation).map { $0 / 2 * $1 }
    self.groups = groups
  }

  /// Uses the same kernel, stride and padding in all spatial dimensions.
  public convenience init(
    _ scope: Scope, _ inputs: Int, _ outputs: Int, kernel: Int, dimensions: Int = 2, stride: Int = 1,
    padding: Int? = nil, groups: Int = 1, bias: Bool = true, initializer: Initializer? = nil
  ) throws {
    func each(_ value: Int) -> [Int] { Array(repeating: value, count: dimensions) }
    try self.init(
      scope, inputs, outputs, kernel: each(kernel), stride: each(stride), padding: padding.map(each), groups: groups,
      bias: bias, initializer: initializer)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    func convolved(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
      try convolution(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    let y = try convolved(x, weight.value, bias?.value)
    guard let adapter = weight.adapter else { return y }
    return try y + convolution(convolved(x, adapter.down.value, nil), adapter.up.value) * adapter.scale
  }
}

/// Normalizes groups of channels of x [B, C, ...], in the parameters' dtype: under autocast that is usually the wider
/// one.
public final class GroupNorm {
  private let weight: Parameter
  private let bias: Parameter
  private let groups: Int
  private let epsilon: Double

  public init(_ scope: Scope, _ channels: Int, groups: Int = 32, epsilon: Double = 1e-5) throws {
    weight = try scope.parameter("weight", [channels], .ones)
    bias = try scope.parameter("bias", [channels], .zeros)
    self.groups = groups
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try groupNorm(x.to(weight.value.dtype), groups: groups, weight.value, bias.value, epsilon: epsilon)
  }
}

/// Normalizes the last dimension, in the parameters' dtype; without `affine` it has no parameters.
public final class LayerNorm {
  private let weight: Parameter?
  private let bias: Parameter?
  private let width: Int
  private let epsilon: Double

  public init(_ scope: Scope, _ width: Int, affine: Bool = true, epsilon: Double = 1e-5) throws {
    weight = affine ? try scope.parameter("weight", [width], .ones) : nil
    bias = affine ? try scope.parameter("bias", [width], .zeros) : nil
    self.width = width
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try layerNorm(x.to(weight?.value.dtype ?? x.dtype), [width], weight?.value, bias?.value, epsilon: epsilon)
  }
}

/// Divides the last dimension by its root mean square (Zhang & Sennrich, arXiv 1910.07467), computed in float32 and rounded to the
/// parameters' dtype.
public final class RMSNorm {
  private let weight: Parameter
  private let epsilon: Double

  public init(_ scope: Scope, _ width: Int, epsilon: Double = 1e-6) throws {
    weight = try scope.parameter("weight", [width], .ones)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    guard x.dtype != weight.value.dtype || x.dtype != .float32 else {
      return try rmsNorm(x, weight.value, epsilon: epsilon)
    }
    return try rmsNorm(x.to(.float32), nil, epsilon: epsilon).to(weight.value.dtype) * weight.value
  }
}

/// An embedding table: one row of `width` numbers for each of `count` indices.
public final class Embedding {
  private let weight: Parameter

  public init(_ scope: Scope, count: Int, width: Int) throws {
    weight = try scope.parameter("weight", [count, width], .normal(std: 1))
  }

  /// int64 indices [...] -> [..., width].
  public func callAsFunction(_ indices: Tensor) throws -> Tensor { try embedding(indices, weight.value) }
}
