import CHDF5
import Tensors

/// The HDF5 types of a tensor's elements.
///
/// HDF5 has no bfloat16 and no bool: they are stored as unsigned integers of the same size, with an attribute `dtype`.
/// The types that h5py writes for booleans (a one-byte enumeration) and for ml_dtypes' bfloat16 (a two-byte float) can
/// be read as well.
enum HDF5Type {
  static let markerName = "dtype"

  /// The value of the attribute `dtype`, if the stored type is ambiguous.
  static func marker(for dtype: DType) -> String? {
    switch dtype {
    case .bfloat16: "bfloat16"
    case .bool: "bool"
    default: nil
    }
  }

  /// The type in memory, and in the files that we write.
  static func stored(_ dtype: DType, at place: String) throws -> HDF5ID {
    let id = try copy(
      of: {
        switch dtype {
        case .float64: chdf5_type_float64()
        case .float32: chdf5_type_float32()
        case .float16: chdf5_type_float32_le()
        case .bfloat16: chdf5_type_uint16()
        case .int64: chdf5_type_int64()
        case .int32: chdf5_type_int32()
        case .int16: chdf5_type_int16()
        case .int8: chdf5_type_int8()
        case .uint8, .bool: chdf5_type_uint8()
        }
      }, at: place)
    if dtype == .float16 { try makeTwoByteFloat(id, exponentBits: 5, at: place) }
    return id
  }

  /// The `DType` that the elements of an open dataset are read as, and the type to request from HDF5; nil if no `DType`
  /// can hold them.
  static func readable(
    _ type: HDF5ID, marker: String?, at place: String
  ) throws -> (dtype: DType, memory: HDF5ID)? {
    let size = type.use { H5Tget_size($0) }
    switch type.use({ H5Tget_class($0) }) {
    case H5T_INTEGER:
      let isSigned = type.use { H5Tget_sign($0) } == H5T_SGN_2
      switch (marker, size) {
      case ("bfloat16", 2): return (.bfloat16, try stored(.bfloat16, at: place))
      case ("bool", 1): return (.bool, try stored(.bool, at: place))
      default: break
      }
      guard let dtype = integer(size: size, isSigned: isSigned) else { return nil }
      return (dtype, try stored(dtype, at: place))
    case H5T_FLOAT:
      switch size {
      case 8: return (.float64, try stored(.float64, at: place))
      case 4: return (.float32, try stored(.float32, at: place))
      case 2:
        let exponentBits = exponentBits(type)
        if exponentBits == 5 { return (.float16, try stored(.float16, at: place)) }
        guard exponentBits == 8 else { return nil }
        let memory = try copy(of: { chdf5_type_float32_le() }, at: place)
        try makeTwoByteFloat(memory, exponentBits: 8, at: place)
        return (.bfloat16, memory)
      default: return nil
      }
    case H5T_ENUM:
      return size == 1 ? (.bool, try type.use { raw in try copy(of: { raw }, at: place) }) : nil
    default: return nil
    }
  }

  /// A description for the error about a type that no `DType` can hold.
  static func summary(_ type: HDF5ID) -> String {
    let bits = type.use { H5Tget_size($0) } * 8
    return switch type.use({ H5Tget_class($0) }) {
    case H5T_INTEGER: "whole numbers of \(bits) bits"
    case H5T_FLOAT: "floating-point numbers of \(bits) bits"
    case H5T_STRING: "text"
    case H5T_COMPOUND: "records (a compound type)"
    case H5T_ENUM: "an enumeration"
    default: "a type that is not numeric"
    }
  }

  /// Widens unsigned integers that PyTorch lacks.
  private static func integer(size: Int, isSigned: Bool) -> DType? {
    switch (size, isSigned) {
    case (1, true): .int8
    case (1, false): .uint8
    case (2, true): .int16
    case (2, false), (4, true): .int32
    case (4, false), (8, true): .int64
    default: nil
    }
  }

  private static func exponentBits(_ type: HDF5ID) -> Int {
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    let status = type.use { H5Tget_fields($0, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) }
    return status < 0 ? 0 : exponentSize
  }

  private static func makeTwoByteFloat(_ id: HDF5ID, exponentBits: Int, at place: String) throws {
    let mantissa = 15 - exponentBits
    try id.use { raw in
      for status in [
        H5Tset_fields(raw, 15, mantissa, exponentBits, 0, mantissa),
        H5Tset_size(raw, 2),
        H5Tset_ebias(raw, (1 << (exponentBits - 1)) - 1),
      ] {
        try HDF5Library.check(status, "cannot describe 16-bit floats", at: place, .io)
      }
    }
  }

  private static func copy(of type: () -> hid_t, at place: String) throws -> HDF5ID {
    try HDF5Library.locked {
      try HDF5Library.own(H5Tclose, "cannot describe the elements", at: place, .io) { H5Tcopy(type()) }
    }
  }
}
