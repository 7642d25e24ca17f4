import CTorch

extension Tensor {
  /// A tensor on the CPU with a copy of `bytes` (row-major, native byte order).
  ///
  /// - Throws: `TensorError` if the number of bytes does not match the shape.
  public convenience init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws {
    self.init(owning: try Self.copied(bytes, shape, dtype))
  }

  /// A tensor over memory that `owner` keeps alive, without a copy; it must not be written to.
  public static func mapped(
    _ bytes: UnsafeRawPointer, shape: [Int], dtype: DType, keeping owner: AnyObject
  ) throws -> Tensor {
    var out: ct_tensor_t?
    let sizes = shape.map(Int64.init)
    let kept = Unmanaged.passRetained(owner)
    let status = ct_from_memory(
      UnsafeMutableRawPointer(mutating: bytes), sizes, Int64(sizes.count), dtype.rawValue, kept.toOpaque(),
      { Unmanaged<AnyObject>.fromOpaque($0).release() }, &out)
    try check(status, "Tensor.mapped")
    return Tensor(owning: try defined(out, "Tensor.mapped"))
  }

  public convenience init(_ values: [Float], shape: [Int]? = nil) throws {
    try self.init(elements: values, shape: shape ?? [values.count], dtype: .float32)
  }

  public convenience init(_ values: [Double], shape: [Int]? = nil) throws {
    try self.init(elements: values, shape: shape ?? [values.count], dtype: .float64)
  }

  public convenience init(_ values: [Int], shape: [Int]? = nil) throws {
    try self.init(elements: values.map(Int64.init), shape: shape ?? [values.count], dtype: .int64)
  }

  public convenience init(_ values: [Bool], shape: [Int]? = nil) throws {
    try self.init(elements: values, shape: shape ?? [values.count], dtype: .bool)
  }

  private convenience init<Element>(elements: [Element], shape: [Int], dtype: DType) throws {
    self.init(owning: try elements.withUnsafeBytes { try Self.copied($0, shape, dtype) })
  }

  private static func copied(_ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ dtype: DType) throws -> ct_tensor_t {
    let expected = shape.reduce(dtype.byteCount, *)
    guard bytes.count == expected else {
      throw TensorError("Tensor", "\(dtype.name)\(shape) needs \(expected) bytes, got \(bytes.count)")
    }
    var out: ct_tensor_t?
    try check(
      ct_from_bytes(bytes.baseAddress, shape.map(Int64.init), Int64(shape.count), dtype.rawValue, &out), "Tensor")
    return try defined(out, "Tensor")
  }

  /// Passes the elements to `body`, row-major, without a copy if they are on the CPU and contiguous.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let plain = try detached().to(.cpu).contiguous()
    return try withExtendedLifetime(plain) {
      var start: UnsafeRawPointer?
      try check(ct_data(plain.handle, &start), "Tensor.withBytes", [summary])
      return try body(UnsafeRawBufferPointer(start: start, count: count * dtype.byteCount))
    }
  }

  public func floats() throws -> [Float] { try elements(as: .float32) }
  public func doubles() throws -> [Double] { try elements(as: .float64) }
  public func integers() throws -> [Int] { try (elements(as: .int64) as [Int64]).map(Int.init) }
  public func bools() throws -> [Bool] { try (elements(as: .bool) as [UInt8]).map { $0 != 0 } }

  private func elements<Element>(as dtype: DType) throws -> [Element] {
    try to(dtype).withBytes { Array($0.bindMemory(to: Element.self)) }
  }

  /// The value of a tensor with one element.
  public func item() throws -> Double {
    if FakeTensorMode.reads(self) { return 1 }
    var value = 0.0
    try check(ct_item(handle, &value), "item", [summary])
    return value
  }
}

func defined(_ handle: ct_tensor_t?, _ operation: String) throws -> ct_tensor_t {
  guard let handle else { throw TensorError(operation, "gave no tensor") }
  return handle
}
