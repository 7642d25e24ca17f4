import Foundation
import Tensors

/// TensorFlow's record format: length, its checksum, content, its checksum; all little-endian.
enum TFRecord {
  static func framed(_ content: Data) -> Data {
    let length = withUnsafeBytes(of: UInt64(content.count).littleEndian) { Data($0) }
    return length + maskedChecksum(length) + content + maskedChecksum(content)
  }

  /// CRC-32C, polynomial 0x1EDC6F41, reflected.
  static func crc32c(_ data: Data) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in data { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
    return ~value
  }

  /// A checksum of data that contain checksums is weak, hence the rotation and the constant.
  static func maskedChecksum(_ data: Data) -> Data {
    let sum = crc32c(data)
    let masked = ((sum >> 15) | (sum << 17)) &+ 0xA282_EAD8
    return withUnsafeBytes(of: masked.littleEndian) { Data($0) }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
  }
}
