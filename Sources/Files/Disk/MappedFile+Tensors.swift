import Foundation
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
      return try Tensor.mapped(start, shape: shape, dtype: dtype, keeping: MappedPart(self, start, count))
    }
  }
}

/// The bytes of one tensor. When nobody holds the tensor any more, its pages leave the process: a network that copies its weights
/// out of a file does not take their memory twice.
private final class MappedPart {
  private let file: MappedFile
  private let start: UnsafeRawPointer
  private let count: Int

  init(_ file: MappedFile, _ start: UnsafeRawPointer, _ count: Int) {
    (self.file, self.start, self.count) = (file, start, count)
  }

  deinit {
    // Pages at the ends may belong to other tensors, too. They would only be read from the file once more.
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    let address = UInt(bitPattern: start)
    let first = (address + page - 1) / page * page
    let last = (address + UInt(count)) / page * page
    guard first < last, let place = UnsafeMutableRawPointer(bitPattern: first) else { return }
    madvise(place, Int(last - first), MADV_DONTNEED)
  }
}
