import CHDF5
import Tensors

extension HDF5File {
  /// Attaches a value to the group or dataset at a path and replaces one of the same name. The root stands for the
  /// file.
  ///
  /// In files of a format before HDF5 1.8, an attribute holds at most 64 KiB of numbers. Long texts have no limit.
  public func setAttribute(_ name: String, _ value: HDF5Attribute, of path: String = "/") throws {
    try checkMayAdd("an attribute", at: path)
    try object(path).use { try value.write(name, to: $0, at: place(path)) }
  }

  /// An attribute of the group or dataset at a path; nil if it has none of that name.
  ///
  /// - Throws: `.missing` if nothing is at the path, `.malformed` if the value is neither text nor numbers.
  public func attribute(_ name: String, of path: String = "/") throws -> HDF5Attribute? {
    try object(path).use { try HDF5Attribute.read(name, of: $0, at: place(path)) }
  }

  /// The names of the attributes of the group or dataset at a path, sorted.
  public func attributeNames(of path: String = "/") throws -> [String] {
    var names: [String] = []
    try object(path).use { id in
      try withUnsafeMutablePointer(to: &names) { list in
        let status = H5Aiterate2(
          id, H5_INDEX_NAME, H5_ITER_INC, nil,
          { _, name, _, list in
            if let name { list?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name)) }
            return 0
          }, list)
        try HDF5Library.check(status, "cannot list the attributes", at: place(path), .malformed)
      }
    }
    return names
  }

  /// A required text attribute.
  public func string(_ name: String, of path: String = "/") throws -> String {
    if case .string(let text) = try required(name, of: path) { return text }
    throw mismatch(name, of: path, "a text")
  }

  /// A required whole-number attribute.
  public func integer(_ name: String, of path: String = "/") throws -> Int {
    if case .integer(let value) = try required(name, of: path) { return Int(value) }
    throw mismatch(name, of: path, "a whole number")
  }

  /// A required number attribute.
  public func number(_ name: String, of path: String = "/") throws -> Double {
    switch try required(name, of: path) {
    case .number(let value): return value
    case .integer(let value): return Double(value)
    default: throw mismatch(name, of: path, "a number")
    }
  }

  private func required(_ name: String, of path: String) throws -> HDF5Attribute {
    if let value = try attribute(name, of: path) { return value }
    let names = try attributeNames(of: path).joined(separator: ", ")
    throw Failure(
      .missing, at: place(path), "there is no attribute '\(name)'",
      advice: names.isEmpty ? "It has no attributes at all." : "It has: \(names).")
  }

  private func mismatch(_ name: String, of path: String, _ expected: String) -> Failure {
    Failure(.malformed, at: "\(place(path)) @\(name)", expected: expected, got: "a value of another type")
  }
}
