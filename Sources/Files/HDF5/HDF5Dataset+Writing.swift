import CHDF5
import Tensors

extension HDF5Dataset {
  /// Adds rows at the end of a dataset that `HDF5File.createRows` made.
  ///
  /// - Parameter rows: of shape `[n] + rowShape` and the dataset's dtype.
  /// - Throws: `.malformed` if shape or dtype differ, `.io` if the disk is full; the dataset then keeps its old rows.
  public func append(_ rows: Tensor) throws {
    try file.withID { _ in
      let shape = try shape
      guard let first = shape.first, rows.shape.count == shape.count, rows.shape.dropFirst() == shape.dropFirst() else {
        let wanted = (["n"] + shape.dropFirst().map { "\($0)" }).joined(separator: ", ")
        throw Failure(.malformed, at: place, expected: "rows of shape [\(wanted)]", got: "\(rows.shape)")
      }
      try extend(to: [first + rows.shape[0]] + shape.dropFirst())
      do {
        try write(rows, at: [first] + [Int](repeating: 0, count: shape.count - 1))
      } catch {
        try? extend(to: shape)
        throw error
      }
    }
  }

  /// Overwrites a block of the dataset.
  ///
  /// - Parameter offset: the first position of the block; its extent is the tensor's shape.
  public func write(_ tensor: Tensor, at offset: [Int]) throws {
    try file.withID { _ in
      try checkBlock(offset: offset, count: tensor.shape, shape: try shape)
      let (dtype, memory) = try elements()
      if dtype != tensor.dtype {
        throw Failure(.malformed, at: place, expected: "elements of \(dtype)", got: "\(tensor.dtype)")
      }
      if tensor.count == 0 { return }
      let selection = try selection(offset: offset, count: tensor.shape)
      let source = try memorySpace(tensor.shape)
      try tensor.withBytes { bytes in
        _ = try use { id in
          try memory.use { memory in
            try selection.use { selection in
              try source.use { source in
                try check(
                  H5Dwrite(id, memory, source, selection, chdf5_default(), bytes.baseAddress),
                  "cannot write the values", .io)
              }
            }
          }
        }
      }
    }
  }

  private func extend(to shape: [Int]) throws {
    try use { id in
      try check(H5Dset_extent(id, shape.map { hsize_t($0) }), "cannot change the number of rows", .io)
    }
  }
}
