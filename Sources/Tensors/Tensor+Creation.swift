// New tensors. Random ones come from `Noise`.

private let zerosOf = Operator("aten::zeros")
private let onesOf = Operator("aten::ones")
private let emptyOf = Operator("aten::empty", "memory_format")
private let fullOf = Operator("aten::full")
private let arangeOf = Operator("aten::arange", "start_step")
private let linspaceOf = Operator("aten::linspace")
private let eyeOf = Operator("aten::eye")
private let oneHotOf = Operator("aten::one_hot")
private let zerosLikeOf = Operator("aten::zeros_like")

extension Tensor {
  public static func zeros(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try zerosOf(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  public static func ones(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try onesOf(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// Uninitialized memory; on the meta device, a shape only.
  public static func empty(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try emptyOf(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  public static func full(
    _ shape: [Int], _ value: Double, _ dtype: DType = .float32, on device: Device = .cpu
  ) throws -> Tensor {
    try fullOf(.ints(shape), .double(value), .dtype(dtype), .none, .device(device))
  }

  /// start, start + step, ... below `end`.
  public static func range(
    _ start: Double = 0, to end: Double, by step: Double = 1, _ dtype: DType = .float32, on device: Device = .cpu
  ) throws -> Tensor {
    try arangeOf(.double(start), .double(end), .double(step), .dtype(dtype), .none, .device(device))
  }

  /// `count` numbers from `start` to `end`, both included.
  public static func linspace(
    _ start: Double, _ end: Double, _ count: Int, _ dtype: DType = .float32, on device: Device = .cpu
  ) throws -> Tensor {
    try linspaceOf(.double(start), .double(end), .int(count), .dtype(dtype), .none, .device(device))
  }

  public static func identity(_ size: Int, _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try eyeOf(.int(size), .dtype(dtype), .none, .device(device))
  }

  /// In this tensor's layout too: kernels that go through the memory of both, such as a fused optimizer step, then meet the same
  /// elements.
  public func zerosLike() throws -> Tensor { try zerosLikeOf(.tensor(self)) }
  public func onesLike() throws -> Tensor { try .ones(shape, dtype, on: device) }

  /// int64 classes [...] -> int64 [..., classes].
  public func oneHot(_ classes: Int) throws -> Tensor { try oneHotOf(.tensor(self), .int(classes)) }
}
