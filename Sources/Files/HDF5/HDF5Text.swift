import CHDF5
import Tensors

/// Text in HDF5: written as variable-length UTF-8, which h5py reads as `str`. Fixed-length text can be read too.
enum HDF5Text {
  static func type(at place: String) throws -> HDF5ID {
    try HDF5Library.locked {
      let type = try HDF5Library.own(H5Tclose, "cannot describe text", at: place, .io) {
        H5Tcopy(chdf5_type_c_string())
      }
      try type.use {
        try HDF5Library.check(H5Tset_size($0, chdf5_variable_length()), "cannot describe text", at: place, .io)
        try HDF5Library.check(H5Tset_cset($0, H5T_CSET_UTF8), "cannot describe text", at: place, .io)
      }
      return type
    }
  }

  /// Passes an array of pointers to the zero-terminated texts to `body`.
  ///
  /// - Throws: `.malformed` if a text contains a zero, which would cut it short.
  static func withPointers<R>(
    _ texts: [String], at place: String, _ body: (UnsafeRawPointer?) throws -> R
  ) throws -> R {
    var bytes: [UInt8] = []
    var starts: [Int] = []
    for text in texts {
      if text.utf8.contains(0) {
        throw Failure(.malformed, at: place, "text with a zero character cannot be stored in HDF5")
      }
      starts.append(bytes.count)
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    }
    return try bytes.withUnsafeBufferPointer { bytes in
      let pointers: [UnsafePointer<UInt8>?] = starts.map { start in bytes.baseAddress.map { $0 + start } }
      return try pointers.withUnsafeBytes { try body($0.baseAddress) }
    }
  }

  /// Reads `count` texts with a call that takes the memory type and a buffer.
  static func read(
    _ count: Int, type: HDF5ID, space: HDF5ID, at place: String,
    _ body: (hid_t, UnsafeMutableRawPointer) -> herr_t
  ) throws -> [String] {
    if type.use({ H5Tis_variable_str($0) }) > 0 {
      return try readVariable(count, type: type, space: space, at: place, body)
    }
    let size = type.use { H5Tget_size($0) }
    let padding = type.use { H5Tget_strpad($0) }
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    if overflow || total > 1 << 32 { throw Failure(.malformed, at: place, "the text does not fit into memory") }
    var bytes = [UInt8](repeating: 0, count: max(total, 1))
    try type.use { type in
      try bytes.withUnsafeMutableBytes { buffer in
        guard let start = buffer.baseAddress else { return }
        try HDF5Library.check(body(type, start), "cannot read the text", at: place, .malformed)
      }
    }
    return (0..<count).map { index in
      var text = bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }
      if padding == H5T_STR_SPACEPAD { while text.last == 0x20 { text.removeLast() } }
      return String(decoding: text, as: UTF8.self)
    }
  }

  private static func readVariable(
    _ count: Int, type: HDF5ID, space: HDF5ID, at place: String,
    _ body: (hid_t, UnsafeMutableRawPointer) -> herr_t
  ) throws -> [String] {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: max(count, 1))
    return try type.use { type in
      try space.use { space in
        try pointers.withUnsafeMutableBytes { buffer in
          guard let start = buffer.baseAddress else { return [] }
          try HDF5Library.check(body(type, start), "cannot read the text", at: place, .malformed)
          defer { H5Dvlen_reclaim(type, space, chdf5_default(), start) }
          return buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self).prefix(count).map { pointer in
            pointer.map { String(cString: $0) } ?? ""
          }
        }
      }
    }
  }
}
