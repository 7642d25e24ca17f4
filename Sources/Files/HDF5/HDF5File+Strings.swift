import CHDF5
import Tensors

extension HDF5File {
  /// Stores a list of texts, such as prompts, as a new one-dimensional dataset.
  ///
  /// - Throws: `.malformed` if the path is taken or a text contains a zero character, `.io`.
  public func write(_ texts: [String], to path: String) throws {
    try withID { _ in
      let place = place(path)
      let type = try HDF5Text.type(at: place)
      let space = try HDF5Dataset.space([texts.count], maximum: nil, at: place)
      let dataset = try create(path, type: type, space: space, chunk: nil, layout: .contiguous)
      if texts.isEmpty { return }
      try HDF5Text.withPointers(texts, at: place) { elements in
        try dataset.use { id in
          try type.use { type in
            let whole = chdf5_whole_space()
            try HDF5Library.check(
              H5Dwrite(id, type, whole, whole, chdf5_default(), elements), "cannot write the texts", at: place, .io)
          }
        }
      }
    }
  }

  /// The texts of a dataset: a scalar as a list of one; several dimensions in row-major order.
  ///
  /// - Throws: `.missing`, or `.malformed` if the dataset holds something else.
  public func strings(_ path: String) throws -> [String] {
    try withID { _ in
      let dataset = try dataset(path)
      let type = try dataset.type()
      guard type.use({ H5Tget_class($0) }) == H5T_STRING else {
        throw Failure(.malformed, at: place(path), expected: "text", got: HDF5Type.summary(type))
      }
      let space = try dataset.space()
      let count = Int(space.use { H5Sget_simple_extent_npoints($0) })
      if count <= 0 { return [] }
      return try HDF5Text.read(count, type: type, space: space, at: place(path)) { memory, buffer in
        dataset.id.use { H5Dread($0, memory, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), buffer) }
      }
    }
  }
}
