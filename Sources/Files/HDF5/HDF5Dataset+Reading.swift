import CHDF5
import Foundation
import Tensors

extension HDF5Dataset {
  /// The whole dataset, on the CPU.
  public func read() throws -> Tensor {
    try file.withID { _ in
      let shape = try shape
      return try read(offset: [Int](repeating: 0, count: shape.count), count: shape)
    }
  }

  /// Rows of the first dimension, of shape `[rows.count, ...]`. Reads nothing else from the disk.
  ///
  /// - Throws: `.malformed` if there are fewer rows.
  public func read(rows: Range<Int>) throws -> Tensor {
    try file.withID { _ in
      let shape = try shape
      guard let available = shape.first else {
        throw Failure(.malformed, at: place, expected: "a dataset with rows", got: "a single value")
      }
      guard rows.lowerBound >= 0, rows.upperBound <= available else {
        throw Failure(
          .malformed, at: place, "rows \(rows.lowerBound)..<\(rows.upperBound) do not exist",
          expected: "a range within 0..<\(available)")
      }
      return try read(
        offset: [rows.lowerBound] + [Int](repeating: 0, count: shape.count - 1),
        count: [rows.count] + shape.dropFirst())
    }
  }

  /// The block of shape `count` that begins at `offset`; both have a number for each dimension.
  public func read(offset: [Int], count: [Int]) throws -> Tensor {
    try file.withID { _ in
      try checkBlock(offset: offset, count: count, shape: try shape)
      let (dtype, memory) = try elements()
      let bytes = try count.reduce(dtype.byteCount) { product, size in
        let (result, overflow) = product.multipliedReportingOverflow(by: size)
        if overflow { throw tooLarge(count) }
        return result
      }
      // malloc, not Swift's own allocation, because a damaged file may request more memory than there is.
      guard let buffer = malloc(max(bytes, 1)) else { throw tooLarge(count) }
      defer { free(buffer) }
      if bytes > 0 {
        let selection = try selection(offset: offset, count: count)
        let target = try memorySpace(count)
        try use { id in
          try memory.use { memory in
            try selection.use { selection in
              try target.use { target in
                try check(H5Dread(id, memory, target, selection, chdf5_default(), buffer), "cannot read the values")
              }
            }
          }
        }
      }
      return try Tensor(bytes: UnsafeRawBufferPointer(start: buffer, count: bytes), shape: count, dtype: dtype)
    }
  }

  func checkBlock(offset: [Int], count: [Int], shape: [Int]) throws {
    let fits =
      offset.count == shape.count && count.count == shape.count
      && zip(zip(offset, count), shape).allSatisfy { block, size in
        block.0 >= 0 && block.1 >= 0 && block.0 <= size && block.1 <= size - block.0
      }
    if !fits {
      throw Failure(
        .malformed, at: place, "a block of \(count) at \(offset) does not exist",
        expected: "a block within the shape \(shape)")
    }
  }

  private func tooLarge(_ count: [Int]) -> Failure {
    Failure(
      .malformed, at: place, "a tensor of shape \(count) does not fit into memory",
      advice: "Read it in parts, or check that the file is not damaged.")
  }
}
