import Tensors

extension HDF5File {
  /// Stores each part as an attribute `NAME.PART` of the file.
  public func setFingerprint(_ fingerprint: Fingerprint, as name: String) throws {
    for (part, value) in fingerprint.parts { try setAttribute("\(name).\(part)", .string(value)) }
  }

  /// Reads a fingerprint that `setFingerprint` stored; empty if there is none.
  public func fingerprint(_ name: String) throws -> Fingerprint {
    var fingerprint = Fingerprint()
    for attribute in try attributeNames() where attribute.hasPrefix("\(name).") {
      if case .string(let value)? = try self.attribute(attribute) {
        fingerprint[String(attribute.dropFirst(name.count + 1))] = value
      }
    }
    return fingerprint
  }
}
