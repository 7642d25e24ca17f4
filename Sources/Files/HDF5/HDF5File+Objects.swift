import CHDF5
import Tensors

/// An object in an HDF5 file, described without reading its content.
public struct HDF5Item: Equatable, Sendable {
  /// A group, or a dataset with its shape and dtype.
  public enum Kind: Equatable, Sendable {
    case group
    /// A dataset; `dtype` is nil if it holds neither numbers nor booleans, for example text.
    case dataset(shape: [Int], dtype: DType?)
    /// A broken link, or a named type.
    case other
  }

  /// The path from the root, beginning with `/`.
  public let path: String
  /// The kind of the object.
  public let kind: Kind
}

extension HDF5File {
  /// Whether a group or dataset exists at a path.
  public func contains(_ path: String) throws -> Bool {
    try withID { id in try firstMissing(Self.components(path), in: id) == nil }
  }

  /// Makes a group and its missing parents. An existing group stays as it is.
  public func createGroup(_ path: String) throws {
    try withID { id in
      var soFar = ""
      for component in Self.components(path) {
        soFar += "/" + component
        if try linkExists(soFar, in: id) { continue }
        try checkMayAdd("a group", at: soFar)
        _ = try HDF5Library.own(H5Gclose, "cannot make the group", at: place(soFar), .io) {
          H5Gcreate2(id, soFar, chdf5_default(), chdf5_default(), chdf5_default())
        }
      }
    }
  }

  /// The groups and datasets below a group, at any depth, in the order of their path components.
  ///
  /// - Throws: `.missing` if there is no such group.
  public func items(under path: String = "/") throws -> [HDF5Item] {
    try withID { _ in
      let components = Self.components(path)
      var items: [HDF5Item] = []
      try collect(into: &items, under: components.isEmpty ? "" : "/" + components.joined(separator: "/"), depth: 0)
      return items
    }
  }

  /// The names directly inside a group.
  public func names(in path: String = "/") throws -> [String] {
    try object(path).use { group in
      guard H5Iget_type(group) == H5I_GROUP else {
        throw Failure(.malformed, at: place(path), expected: "a group", got: "a dataset")
      }
      return try names(ofGroup: group, path)
    }
  }

  /// Removes a dataset, or a group with everything in it, from the file. The space is freed only when the file is
  /// rewritten.
  public func remove(_ path: String) throws {
    _ = try object(path)
    try withID { id in
      let full = "/" + Self.components(path).joined(separator: "/")
      try HDF5Library.check(H5Ldelete(id, full, chdf5_default()), "cannot remove it", at: place(path), .io)
    }
  }

  // MARK: For the other files of this folder

  /// Opens a group or dataset. If a part of the path is missing, the error names it and the objects that exist instead.
  func object(_ path: String) throws -> HDF5ID {
    try withID { id in
      let components = Self.components(path)
      if let missing = try firstMissing(components, in: id) { throw try missingError(components, missing) }
      let full = "/" + components.joined(separator: "/")
      return try HDF5Library.own(H5Oclose, "cannot open it", at: place(path), .malformed) {
        H5Oopen(id, full, chdf5_default())
      }
    }
  }

  /// The index of the first component that does not exist.
  private func firstMissing(_ components: [String], in id: hid_t) throws -> Int? {
    var soFar = ""
    for (index, component) in components.enumerated() {
      // A dataset has no children, which HDF5 reports as an error.
      if index > 0, try !isGroup(soFar, in: id) { return index }
      soFar += "/" + component
      if try !linkExists(soFar, in: id) { return index }
    }
    return nil
  }

  private func isGroup(_ path: String, in id: hid_t) throws -> Bool {
    let object = try HDF5Library.own(H5Oclose, "cannot open it", at: place(path), .malformed) {
      H5Oopen(id, path, chdf5_default())
    }
    return object.use { H5Iget_type($0) == H5I_GROUP }
  }

  private func linkExists(_ path: String, in id: hid_t) throws -> Bool {
    try HDF5Library.check(H5Lexists(id, path, chdf5_default()), "cannot look it up", at: place(path), .malformed) > 0
  }

  private func missingError(_ components: [String], _ index: Int) throws -> Failure {
    let parent = "/" + components[..<index].joined(separator: "/")
    let siblings = (try? names(in: parent)) ?? []
    let listed = siblings.prefix(12).joined(separator: ", ") + (siblings.count > 12 ? ", ..." : "")
    return Failure(
      .missing, at: place(components.joined(separator: "/")),
      "there is no '\(components[index])' in \(parent)",
      advice: siblings.isEmpty ? "\(parent) holds nothing." : "\(parent) holds: \(listed).")
  }

  private func names(ofGroup group: hid_t, _ path: String) throws -> [String] {
    var info = H5G_info_t()
    try HDF5Library.check(H5Gget_info(group, &info), "cannot list the group", at: place(path), .malformed)
    return try (0..<info.nlinks).map { index in
      func name(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws -> Int {
        try HDF5Library.check(
          H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_default()),
          "cannot list the group", at: place(path), .malformed)
      }
      let length = try name(nil, 0)
      return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { buffer in
        buffer.initialize(repeating: 0)
        _ = try name(buffer.baseAddress, length + 1)
        return buffer.withMemoryRebound(to: UInt8.self) { String(decoding: $0.dropLast(), as: UTF8.self) }
      }
    }
  }

  private func collect(into items: inout [HDF5Item], under path: String, depth: Int) throws {
    // Hard links can form a circle.
    if depth > 100 { throw Failure(.malformed, at: place(path), "groups are nested more than 100 levels deep") }
    for name in try names(in: path) {
      let child = path + "/" + name
      guard let object = try? object(child) else {
        items.append(HDF5Item(path: child, kind: .other))
        continue
      }
      switch object.use({ H5Iget_type($0) }) {
      case H5I_GROUP:
        items.append(HDF5Item(path: child, kind: .group))
        try collect(into: &items, under: child, depth: depth + 1)
      case H5I_DATASET:
        let dataset = HDF5Dataset(file: self, path: child, id: object)
        items.append(HDF5Item(path: child, kind: .dataset(shape: try dataset.shape, dtype: try? dataset.dtype)))
      default:
        items.append(HDF5Item(path: child, kind: .other))
      }
    }
  }
}
