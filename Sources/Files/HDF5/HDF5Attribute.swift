import CHDF5
import Tensors

/// A small value attached to a file, a group or a dataset.
public enum HDF5Attribute: Equatable, Sendable {
  case string(String)
  case integer(Int64)
  case number(Double)
  case strings([String])
  case integers([Int])
  case numbers([Double])

  /// Attaches the value to an open object and replaces one of the same name.
  func write(_ name: String, to object: hid_t, at place: String) throws {
    let place = "\(place) @\(name)"
    let type = try storedType(at: place)
    let space = try HDF5Dataset.space(shape, maximum: nil, at: place)
    if try HDF5Library.check(H5Aexists(object, name), "cannot look for the attribute", at: place, .io) > 0 {
      try HDF5Library.check(H5Adelete(object, name), "cannot replace the attribute", at: place, .io)
    }
    let id = try type.use { type in
      try space.use { space in
        try HDF5Library.own(H5Aclose, "cannot make the attribute", at: place, .io) {
          H5Acreate2(object, name, type, space, chdf5_default(), chdf5_default())
        }
      }
    }
    try withElements(at: place) { elements in
      try type.use { type in
        try id.use { try HDF5Library.check(H5Awrite($0, type, elements), "cannot write it", at: place, .io) }
      }
    }
  }

  /// The attribute of an open object, or nil if there is none.
  static func read(_ name: String, of object: hid_t, at place: String) throws -> HDF5Attribute? {
    let place = "\(place) @\(name)"
    guard try HDF5Library.check(H5Aexists(object, name), "cannot look for the attribute", at: place, .malformed) > 0
    else { return nil }
    let id = try HDF5Library.own(H5Aclose, "cannot open the attribute", at: place, .malformed) {
      H5Aopen(object, name, chdf5_default())
    }
    let space = try id.use { id in
      try HDF5Library.own(H5Sclose, "cannot read its shape", at: place, .malformed) { H5Aget_space(id) }
    }
    let type = try id.use { id in
      try HDF5Library.own(H5Tclose, "cannot read its type", at: place, .malformed) { H5Aget_type(id) }
    }
    let extent = space.use { H5Sget_simple_extent_type($0) }
    if extent == H5S_NULL { throw Failure(.malformed, at: place, "the attribute is empty") }
    let isScalar = extent == H5S_SCALAR
    let count = Int(space.use { H5Sget_simple_extent_npoints($0) })
    switch type.use({ H5Tget_class($0) }) {
    case H5T_STRING:
      let texts = try HDF5Text.read(count, type: type, space: space, at: place) { memory, buffer in
        id.use { H5Aread($0, memory, buffer) }
      }
      return isScalar ? .string(texts.first ?? "") : .strings(texts)
    case H5T_INTEGER, H5T_ENUM:
      let values: [Int64] = try numbers(id, type: type, count, as: .int64, zero: 0, at: place)
      return isScalar ? .integer(values.first ?? 0) : .integers(values.map { Int($0) })
    case H5T_FLOAT:
      let values: [Double] = try numbers(id, type: type, count, as: .float64, zero: 0, at: place)
      return isScalar ? .number(values.first ?? 0) : .numbers(values)
    default:
      throw Failure(.malformed, at: place, expected: "text or numbers", got: HDF5Type.summary(type))
    }
  }

  private static func numbers<Number: BitwiseCopyable>(
    _ id: HDF5ID, type: HDF5ID, _ count: Int, as dtype: DType, zero: Number, at place: String
  ) throws -> [Number] {
    // HDF5 does not convert an enumeration to numbers, but accepts its base type.
    let isEnumeration = type.use { H5Tget_class($0) } == H5T_ENUM
    if isEnumeration {
      guard type.use({ H5Tget_size($0) }) == 1 else {
        throw Failure(.malformed, at: place, expected: "text or numbers", got: HDF5Type.summary(type))
      }
      var bytes = [Int8](repeating: 0, count: count)
      try type.use { type in
        try id.use { try HDF5Library.check(H5Aread($0, type, &bytes), "cannot read it", at: place, .malformed) }
      }
      return bytes.compactMap { Int64($0) as? Number }
    }
    var values = [Number](repeating: zero, count: count)
    let memory = try HDF5Type.stored(dtype, at: place)
    try memory.use { memory in
      try id.use { try HDF5Library.check(H5Aread($0, memory, &values), "cannot read it", at: place, .malformed) }
    }
    return values
  }

  private var shape: [Int] {
    switch self {
    case .string, .integer, .number: []
    case .strings(let values): [values.count]
    case .integers(let values): [values.count]
    case .numbers(let values): [values.count]
    }
  }

  private func storedType(at place: String) throws -> HDF5ID {
    switch self {
    case .string, .strings: try HDF5Text.type(at: place)
    case .integer, .integers: try HDF5Type.stored(.int64, at: place)
    case .number, .numbers: try HDF5Type.stored(.float64, at: place)
    }
  }

  @discardableResult
  private func withElements<R>(at place: String, _ body: (UnsafeRawPointer?) throws -> R) throws -> R {
    switch self {
    case .string(let text): try HDF5Text.withPointers([text], at: place, body)
    case .strings(let texts): try HDF5Text.withPointers(texts, at: place, body)
    case .integer(let value): try withUnsafeBytes(of: value) { try body($0.baseAddress) }
    case .number(let value): try withUnsafeBytes(of: value) { try body($0.baseAddress) }
    case .integers(let values): try values.map { Int64($0) }.withUnsafeBytes { try body($0.baseAddress) }
    case .numbers(let values): try values.withUnsafeBytes { try body($0.baseAddress) }
    }
  }
}
