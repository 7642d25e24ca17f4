import CHDF5
import Tensors

/// An open dataset of an `HDF5File`. It keeps the file open, unless `close()` closes the file.
public final class HDF5Dataset: Sendable {
  /// The file it belongs to.
  public let file: HDF5File
  /// Its path in the file.
  public let path: String
  let id: HDF5ID

  init(file: HDF5File, path: String, id: HDF5ID) {
    self.file = file
    self.path = path
    self.id = id
  }

  /// The current dimensions. They grow when rows are appended; if another process appends, after `refresh()`.
  public var shape: [Int] {
    get throws {
      let space = try space()
      return try space.use { space in
        let rank = Int(try check(H5Sget_simple_extent_ndims(space), "cannot read the shape"))
        var dimensions = [hsize_t](repeating: 0, count: rank)
        try check(H5Sget_simple_extent_dims(space, &dimensions, nil), "cannot read the shape")
        return try dimensions.map { dimension in
          guard let size = Int(exactly: dimension) else {
            throw Failure(.malformed, at: place, "a dimension of \(dimension) is too large")
          }
          return size
        }
      }
    }
  }

  /// The dtype of the elements once they are read.
  ///
  /// - Throws: `.malformed` if no `DType` can hold them.
  public var dtype: DType {
    get throws { try elements().dtype }
  }

  /// Makes rows visible that another process has appended since.
  public func refresh() throws {
    try use { try check(H5Drefresh($0), "cannot look for new rows") }
  }

  /// Passes this dataset's rows to the operating system, so that readers see them.
  public func flush() throws {
    try use { try check(H5Dflush($0), "cannot write the file", .io) }
  }

  // MARK: For the other files of this folder

  var place: String { file.place(path) }

  @discardableResult
  func use<R>(_ body: (hid_t) throws -> R) throws -> R {
    try file.withID { _ in try id.use(body) }
  }

  @discardableResult
  func check<Status: SignedInteger>(
    _ status: Status, _ action: String, _ kind: Failure.Kind = .malformed
  ) throws -> Status {
    try HDF5Library.check(status, action, at: place, kind)
  }

  func space() throws -> HDF5ID {
    try use { id in
      try HDF5Library.own(H5Sclose, "cannot read the shape", at: place, .malformed) { H5Dget_space(id) }
    }
  }

  func type() throws -> HDF5ID {
    try use { id in
      try HDF5Library.own(H5Tclose, "cannot read the type", at: place, .malformed) { H5Dget_type(id) }
    }
  }

  /// The `DType` of the elements, and the memory type to read them as.
  func elements() throws -> (dtype: DType, memory: HDF5ID) {
    try use { id in
      let type = try type()
      var marker: String?
      if case .string(let text) = try? HDF5Attribute.read(HDF5Type.markerName, of: id, at: place) { marker = text }
      if let found = try HDF5Type.readable(type, marker: marker, at: place) { return found }
      throw Failure(
        .malformed, at: place, expected: "numbers of at most 64 bits that a tensor can hold",
        got: HDF5Type.summary(type))
    }
  }

  /// The dataspace with a block of it selected.
  func selection(offset: [Int], count: [Int]) throws -> HDF5ID {
    let space = try space()
    // A scalar has nothing to select from.
    if offset.isEmpty { return space }
    try space.use {
      try check(
        H5Sselect_hyperslab($0, H5S_SELECT_SET, offset.map { hsize_t($0) }, nil, count.map { hsize_t($0) }, nil),
        "cannot select \(count) at \(offset)")
    }
    return space
  }

  func memorySpace(_ count: [Int]) throws -> HDF5ID {
    try Self.space(count, maximum: nil, at: place)
  }

  static func space(_ shape: [Int], maximum: [hsize_t]?, at place: String) throws -> HDF5ID {
    try HDF5Library.locked {
      try HDF5Library.own(H5Sclose, "cannot describe the shape \(shape)", at: place, .malformed) {
        if shape.isEmpty { return H5Screate(H5S_SCALAR) }
        return H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, maximum)
      }
    }
  }
}
