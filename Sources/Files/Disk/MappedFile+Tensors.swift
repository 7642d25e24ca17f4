import Tensors

extension MappedFile {
  /// A tensor over the bytes from `offset` on, row-major, without a copy; it must not be written to. It keeps the
  /// mapping alive. The caller has checked the bounds.
  ///
  /// If the offset is not aligned to the element size, or there are no bytes, the tensor is a copy.
  func tensor(_ offset: Int, shape: [Int], dtype: DType) throws -> Tensor {
    let count = shape.reduce(dtype.byteCount, *)
    return try withBytes(offset, count) { bytes in
      guard let start = bytes.baseAddress, count > 0, UInt(bitPattern: start) % UInt(dtype.byteCount) == 0 else {
        return try Tensor(bytes: bytes, shape: shape, dtype: dtype)
      }
      return try Tensor.mapped(start, shape: shape, dtype: dtype, keeping: self)
    }
  }
}
