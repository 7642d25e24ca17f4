import Tensors

/// How the rows of several tensors travel as one: each rank's rows of all of them one after another, with zeros where a rank has
/// fewer rows than the first.
struct RowLayout {
  private let shapes: [[Int]]
  private let count: Int

  /// - Parameters:
  ///   - shapes: of the whole tensors, which have at least one dimension.
  ///   - count: the number of ranks.
  init(_ shapes: [[Int]], over count: Int) { (self.shapes, self.count) = (shapes, count) }

  /// The numbers of each tensor that a rank sends.
  private var sizes: [Int] { shapes.map { Shard.rows(of: $0, over: count) * $0.dropFirst().reduce(1, *) } }

  /// One rank's rows in a row.
  func packed(_ rows: [Tensor]) throws -> Tensor {
    try concatenated(
      zip(rows, sizes).map { rows, size in
        let flat = try rows.reshaped([-1])
        return flat.count == size ? flat : try flat.padded([0, size - flat.count])
      })
  }

  /// The whole tensors from what the ranks have packed, [count · n].
  func whole(_ gathered: Tensor) throws -> [Tensor] {
    let parts = try gathered.reshaped([count, -1]).split(sizes, 1)
    return try zip(parts, shapes).map { part, shape in
      try part.reshaped([-1] + shape.dropFirst()).rows(0..<shape[0])
    }
  }

  /// Whole tensors as [count · n], each rank's rows after the other's; nil is zeros.
  func divided(_ wholes: [Tensor?], like example: Tensor) throws -> Tensor {
    let columns = try zip(wholes, zip(shapes, sizes)).map { whole, layout in
      let (shape, size) = layout
      guard let whole else { return try Tensor.zeros([count, size], example.dtype, on: example.device) }
      let flat = try whole.reshaped([-1])
      let missing = count * size - shape.reduce(1, *)
      return try (missing == 0 ? flat : flat.padded([0, missing])).reshaped([count, size])
    }
    return try concatenated(columns, 1).reshaped([-1])
  }

  /// A rank's rows of each tensor from what it packed.
  func rows(_ packed: Tensor, _ shards: [Shard]) throws -> [Tensor] {
    try zip(packed.split(sizes, 0), shards).map { part, shard in
      let width = shard.shape.dropFirst().reduce(1, *)
      return try part.rows(0..<shard.rows.count * width).reshaped([shard.rows.count] + shard.shape.dropFirst())
    }
  }
}
