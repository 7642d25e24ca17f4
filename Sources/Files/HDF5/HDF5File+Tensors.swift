import CHDF5
import Tensors

extension HDF5File {
  /// Stores a tensor as a new dataset, and makes missing groups above it.
  ///
  /// - Parameter layout: the storage layout in the file. A scalar or an empty tensor is always contiguous.
  /// - Throws: `.malformed` if the path is taken, `.io` if the disk is full.
  public func write(_ tensor: Tensor, to path: String, layout: HDF5Layout = .contiguous) throws {
    try withID { _ in
      let dataset = try create(
        path, shape: tensor.shape, dtype: tensor.dtype, layout: tensor.count == 0 ? .contiguous : layout,
        isGrowing: false)
      try dataset.write(tensor, at: [Int](repeating: 0, count: tensor.shape.count))
    }
  }

  /// Makes a dataset without rows, for `HDF5Dataset.append`.
  ///
  /// - Parameters:
  ///   - rowShape: the shape of one row; the dataset's shape is `[0] + rowShape`.
  ///   - layout: the first number of its chunk is the number of rows stored together. The default suits rows that are
  ///     appended in batches.
  public func createRows(
    _ path: String, rowShape: [Int], dtype: DType, layout: HDF5Layout = HDF5Layout()
  ) throws -> HDF5Dataset {
    try withID { _ in
      try create(path, shape: [0] + rowShape, dtype: dtype, layout: layout, isGrowing: true)
    }
  }

  /// Opens a dataset.
  ///
  /// - Throws: `.missing` if nothing is at the path, `.malformed` if it is a group.
  public func dataset(_ path: String) throws -> HDF5Dataset {
    let object = try object(path)
    if object.use({ H5Iget_type($0) }) != H5I_DATASET {
      throw Failure(.malformed, at: place(path), expected: "a dataset", got: "a group")
    }
    try checkPieces(of: object, path)
    return HDF5Dataset(file: self, path: path, id: object)
  }

  /// The whole tensor at a path, on the CPU. Unsigned integers of 16 and 32 bits are widened.
  public func read(_ path: String) throws -> Tensor { try dataset(path).read() }

  /// Rows of the first dimension of the tensor at a path.
  public func read(_ path: String, rows: Range<Int>) throws -> Tensor { try dataset(path).read(rows: rows) }

  /// A block of the tensor at a path.
  public func read(_ path: String, offset: [Int], count: [Int]) throws -> Tensor {
    try dataset(path).read(offset: offset, count: count)
  }

  private func create(
    _ path: String, shape: [Int], dtype: DType, layout: HDF5Layout, isGrowing: Bool
  ) throws -> HDF5Dataset {
    let type = try HDF5Type.stored(dtype, at: place(path))
    let maximum = isGrowing ? [chdf5_unlimited()] + shape.dropFirst().map { hsize_t($0) } : nil
    let space = try HDF5Dataset.space(shape, maximum: maximum, at: place(path))
    var chunk: [Int]?
    if isGrowing || (layout.isChunked && !shape.isEmpty) {
      chunk = try layout.chunk(for: shape, isGrowing: isGrowing, byteCount: dtype.byteCount, at: place(path))
    }
    let dataset = try create(path, type: type, space: space, chunk: chunk, layout: layout)
    if let marker = HDF5Type.marker(for: dtype) {
      try dataset.use { try HDF5Attribute.string(marker).write(HDF5Type.markerName, to: $0, at: place(path)) }
    }
    return dataset
  }

  /// - Parameter configure: changes the properties with which the dataset is made.
  func create(
    _ path: String, type: HDF5ID, space: HDF5ID, chunk: [Int]?, layout: HDF5Layout,
    configure: (_ list: hid_t) throws -> Void = { _ in }
  ) throws -> HDF5Dataset {
    let components = Self.components(path)
    let place = place(path)
    if components.isEmpty { throw Failure(.malformed, at: place, "a dataset needs a name") }
    try checkMayAdd("a dataset", at: path)
    if try contains(path) {
      throw Failure(.malformed, at: place, "the path is taken", advice: "Remove it first or use another name.")
    }
    try createGroup(components.dropLast().joined(separator: "/"))
    let list = try HDF5Library.own(H5Pclose, "cannot make the dataset", at: place, .io) {
      H5Pcreate(chdf5_dataset_create())
    }
    try list.use { try configure($0) }
    if let chunk { try list.use { try setChunk(chunk, layout, list: $0, at: place) } }
    let full = "/" + components.joined(separator: "/")
    let id = try withID { file in
      try type.use { type in
        try space.use { space in
          try list.use { list in
            try HDF5Library.own(H5Dclose, "cannot make the dataset", at: place, .io) {
              H5Dcreate2(file, full, type, space, chdf5_default(), list, chdf5_default())
            }
          }
        }
      }
    }
    return HDF5Dataset(file: self, path: path, id: id)
  }

  private func setChunk(_ chunk: [Int], _ layout: HDF5Layout, list: hid_t, at place: String) throws {
    var statuses = [H5Pset_chunk(list, Int32(chunk.count), chunk.map { hsize_t($0) })]
    // The order matters: bytes are shuffled, then compressed, and the checksum covers the stored bytes.
    if layout.shuffle { statuses.append(H5Pset_shuffle(list)) }
    if let level = layout.deflate { statuses.append(H5Pset_deflate(list, UInt32(level))) }
    if layout.checksum { statuses.append(H5Pset_fletcher32(list)) }
    for status in statuses {
      try HDF5Library.check(status, "cannot lay the dataset out in chunks of \(chunk)", at: place, .malformed)
    }
  }
}
