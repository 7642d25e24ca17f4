import Foundation

/// A protocol-buffer message, built or read field by field. Implements as much of the encoding as event files and SentencePiece
/// need.
public struct ProtocolBuffer {
  private(set) var bytes = Data()

  mutating func add(_ field: Int, varint value: UInt64) {
    key(field, 0)
    varint(value)
  }

  mutating func add(_ field: Int, _ value: Double) {
    key(field, 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(_ field: Int, _ value: Float) {
    key(field, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(_ field: Int, _ value: Data) {
    key(field, 2)
    varint(UInt64(value.count))
    bytes.append(value)
  }

  mutating func add(_ field: Int, _ value: String) { add(field, Data(value.utf8)) }

  mutating func add(_ field: Int, _ value: ProtocolBuffer) { add(field, value.bytes) }

  private mutating func key(_ field: Int, _ wireType: UInt64) {
    varint(UInt64(field) << 3 | wireType)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
