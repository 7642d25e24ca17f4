import Foundation

extension ProtocolBuffer {
  /// The bytes are not a message.
  public struct Malformed: Error {}

  /// A field of a message: exactly one of the three forms is set.
  public struct Field {
    public let number: Int
    public fileprivate(set) var varint: UInt64?
    public fileprivate(set) var bytes: Data?
    public fileprivate(set) var float: Float?
  }

  /// The fields of a message in order. Eight-byte numbers have none of the forms.
  ///
  /// - Throws: `Malformed`.
  public static func fields(of message: Data) throws -> [Field] {
    var rest = [UInt8](message)[...]
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = rest.popFirst() else { throw Malformed() }
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      throw Malformed()
    }
    func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
      guard count <= UInt64(rest.count) else { throw Malformed() }
      defer { rest = rest.dropFirst(Int(count)) }
      return rest.prefix(Int(count))
    }
    var fields = [Field]()
    while !rest.isEmpty {
      let key = try varint()
      var field = Field(number: Int(truncatingIfNeeded: key >> 3))
      switch key & 7 {
      case 0: field.varint = try varint()
      case 1: _ = try take(8)
      case 2: field.bytes = Data(try take(try varint()))
      case 5: field.float = Float(bitPattern: try take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
      default: throw Malformed()
      }
      fields.append(field)
    }
    return fields
  }
}
