import Tensors

extension MappedFile {
  /// A tensor over the bytes from `offset` on, row-major: nothing is copied, and nobody may write to it. It keeps the mapping
  /// alive. The caller has checked the bounds.
  ///
  /// Bytes that no element of this size may begin at are copied, as is the tensor without bytes.
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
