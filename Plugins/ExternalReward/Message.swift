import Files
import Foundation
import Tensors

/// One message of the protocol (docs/external-rewards.md), in either direction:
///
///     "FSPR"   uint32 header bytes   uint64 payload bytes   header (JSON)   payload (tensors, one after the other)
///
/// Numbers are little endian. The header's `tensors` lists dtype and shape of each tensor.
struct Message {
  var header: [String: JSONValue]
  var tensors: [Tensor] = []

  static let magic = Array("FSPR".utf8)
  private static let prefix = 16
  private static let longestHeader = 1 << 24
  static let dtypes: Set<DType> = [.uint8, .float32, .float64]

  var type: String { header["type"]?.string ?? "" }

  func bytes() throws -> [UInt8] {
    var header = header
    header["tensors"] = .array(
      tensors.map { ["dtype": .string($0.dtype.name), "shape": .array($0.shape.map(JSONValue.integer))] })
    let text = Array(JSONValue.object(header).description.utf8)
    let size = tensors.reduce(0) { $0 + $1.count * $1.dtype.byteCount }
    var bytes = Self.magic
    bytes.reserveCapacity(Self.prefix + text.count + size)
    withUnsafeBytes(of: UInt32(text.count).littleEndian) { bytes += $0 }
    withUnsafeBytes(of: UInt64(size).littleEndian) { bytes += $0 }
    bytes += text
    for tensor in tensors { try tensor.withBytes { bytes += $0 } }
    return bytes
  }

  /// Removes the first message from `bytes`; nil until all of it has arrived.
  ///
  /// - Parameter limit: the largest payload to accept, in bytes.
  /// - Throws: `Failure` if the bytes are not a message.
  static func take(from bytes: inout [UInt8], payload limit: Int) throws -> Message? {
    guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)) else {
      let beginning = String(decoding: bytes.prefix(200), as: UTF8.self)
      throw Failure.scorer(
        "its standard output is not a message: \(beginning.debugDescription)\n"
          + "  Standard output is for messages only; print to standard error.")
    }
    guard bytes.count >= prefix else { return nil }
    let (header, payload) = bytes.withUnsafeBytes {
      (
        Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))),
        Int(clamping: UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
      )
    }
    guard header <= longestHeader, payload <= limit else {
      throw Failure.scorer(
        "a message is too long: expected at most \(longestHeader) bytes of header and \(limit) of payload, "
          + "got \(header) and \(payload)")
    }
    guard bytes.count >= prefix + header + payload else { return nil }
    let text = Data(bytes[prefix..<prefix + header])
    guard case .object(let values)? = try? JSONDecoder().decode(JSONValue.self, from: text) else {
      throw Failure.scorer(
        "a message's header is not a JSON object: \(String(decoding: text.prefix(200), as: UTF8.self))")
    }
    let tensors = try bytes.withUnsafeBytes {
      try Self.tensors(values, UnsafeRawBufferPointer(rebasing: $0[(prefix + header)..<(prefix + header + payload)]))
    }
    bytes.removeFirst(prefix + header + payload)
    return Message(header: values, tensors: tensors)
  }

  private static func tensors(_ header: [String: JSONValue], _ payload: UnsafeRawBufferPointer) throws -> [Tensor] {
    var tensors = [Tensor]()
    var start = 0
    for entry in header["tensors"]?.items ?? [] {
      let shape = entry["shape"]?.items?.map(\.integer)
      guard let dtype = entry["dtype"]?.string.flatMap(DType.init(name:)), dtypes.contains(dtype),
        let sizes = shape?.compactMap(\.self), sizes.count == shape?.count, sizes.allSatisfy({ $0 >= 0 })
      else {
        throw Failure.scorer("a tensor: expected a dtype (uint8, float32 or float64) and a shape, got '\(entry)'")
      }
      // The rest of the payload bounds every product, so none overflows.
      let left = payload.count - start
      guard let size = sizes.reduce(dtype.byteCount, { product($0, $1, atMost: left) }) else {
        throw Failure.scorer("a tensor \(dtype.name)\(sizes) does not fit into a payload of \(payload.count) bytes")
      }
      tensors.append(
        try Tensor(
          bytes: UnsafeRawBufferPointer(rebasing: payload[start..<start + size]), shape: sizes, dtype: dtype))
      start += size
    }
    guard start == payload.count else {
      throw Failure.scorer("a message's tensors take \(start) bytes of a payload of \(payload.count)")
    }
    return tensors
  }

  private static func product(_ a: Int?, _ b: Int, atMost limit: Int) -> Int? {
    guard let a else { return nil }
    let (value, overflows) = a.multipliedReportingOverflow(by: b)
    return overflows || value > limit ? nil : value
  }
}

extension JSONValue {
  var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
  var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  var flag: Bool? { if case .boolean(let value) = self { value } else { nil } }
}
