import Foundation
import Tensors

/// The header of a safetensors file: eight bytes that hold its length, then JSON.
struct SafetensorsHeader {
  /// The reference implementation's limit.
  private static let maximumLength = 100_000_000

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [SafetensorsFile.Entry] = []
  let dataStart: Int
  private let path: String

  init(_ file: MappedFile) throws {
    path = file.path
    guard file.count >= 8 else {
      throw Self.malformed(path, "the file is too short", expected: "at least 8 bytes", got: "\(file.count)")
    }
    let length = file.withBytes(0, 8) { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(Self.maximumLength), Int(length) <= file.count - 8 else {
      throw Self.malformed(
        path, "the header's length is wrong",
        expected: "at most \(min(Self.maximumLength, file.count - 8)) bytes", got: "\(length)")
    }
    dataStart = 8 + Int(length)
    let json = file.withBytes(8, Int(length)) { Data($0) }
    try decode(json)
    try checkCover(file.count - dataStart)
  }

  private mutating func decode(_ json: Data) throws {
    let fields: [String: Field]
    do {
      fields = try JSONDecoder().decode([String: Field].self, from: json)
    } catch DecodingError.dataCorrupted(let context) {
      let reason = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
      throw Self.malformed(path, "the header is not JSON: \(reason ?? context.debugDescription)")
    } catch {
      throw Self.malformed(path, "the header is not a JSON object")
    }
    for (name, field) in fields {
      switch field {
      case .metadata(let values):
        guard name == "__metadata__" else {
          throw Self.malformed(place(name), "dtype, shape or data_offsets is absent")
        }
        metadata = values
      case .tensor(let tensor):
        guard name != "__metadata__" else { throw Self.malformed(place(name), expected: "texts by name") }
        entries.append(try entry(name, tensor))
      case .unreadable(let reason):
        throw Self.malformed(place(name), reason)
      }
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name) < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
  }

  private func entry(_ name: String, _ field: Field.Tensor) throws -> SafetensorsFile.Entry {
    guard let dtype = SafetensorsDType.dtype(field.dtype) else {
      let known = DType.allCases.map { SafetensorsDType.name($0) }.joined(separator: ", ")
      throw Self.malformed(place(name), "unknown dtype", expected: "one of \(known)", got: field.dtype)
    }
    var byteCount = dtype.byteCount
    for size in field.shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else {
        throw Self.malformed(place(name), "the shape is not possible", got: "\(field.shape)")
      }
      byteCount = product
    }
    guard field.offsets.count == 2, field.offsets[0] >= 0, field.offsets[1] >= field.offsets[0] else {
      throw Self.malformed(
        place(name), "data_offsets", expected: "two numbers, the first not the larger", got: "\(field.offsets)")
    }
    let bytes = field.offsets[0]..<field.offsets[1]
    guard bytes.count == byteCount else {
      throw Self.malformed(
        place(name), "the length does not fit the shape",
        expected: "\(byteCount) bytes for \(field.dtype)\(field.shape)",
        got: "\(bytes.count)")
    }
    return SafetensorsFile.Entry(name: name, dtype: dtype, shape: field.shape, bytes: bytes)
  }

  private func checkCover(_ available: Int) throws {
    var end = 0
    var previous = ""
    for entry in entries {
      if entry.bytes.upperBound > available {
        throw Self.malformed(
          place(entry.name), "the tensor reaches beyond the end of the file",
          expected: "data up to byte \(entry.bytes.upperBound)", got: "\(available)",
          advice: "The file was cut short: download or copy it again.")
      }
      if entry.bytes.lowerBound < end {
        throw Self.malformed(place(entry.name), "the tensor overlaps '\(previous)'")
      }
      if entry.bytes.lowerBound > end {
        throw Self.malformed(
          place(entry.name), "\(entry.bytes.lowerBound - end) bytes before the tensor belong to none")
      }
      end = entry.bytes.upperBound
      previous = entry.name
    }
    if end < available { throw Self.malformed(path, "\(available - end) bytes at the end belong to no tensor") }
  }

  private func place(_ name: String) -> String { "\(path): \(name)" }

  private static func malformed(
    _ place: String, _ problem: String = "", expected: String? = nil, got: String? = nil,
    advice: String? = "Download or write the file again."
  ) -> Failure {
    Failure(.malformed, at: place, problem, expected: expected, got: got, advice: advice)
  }
}

extension SafetensorsHeader {
  /// One value of the header's object. Errors are kept and reported with the tensor's name, which is known one level
  /// up.
  private enum Field: Decodable {
    struct Fault: Error {
      let reason: String
    }

    struct Tensor: Decodable {
      let dtype: String
      let shape: [Int]
      let offsets: [Int]

      init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        dtype = try Self.value(.dtype, in: fields)
        shape = try Self.value(.shape, in: fields)
        offsets = try Self.value(.offsets, in: fields)
      }

      enum CodingKeys: String, CodingKey {
        case dtype, shape
        case offsets = "data_offsets"
      }

      /// The decoder's own error for an out-of-range number does not name the field.
      private static func value<Value: Decodable>(
        _ key: CodingKeys, in fields: KeyedDecodingContainer<CodingKeys>
      ) throws -> Value {
        guard fields.contains(key) else { throw Fault(reason: "'\(key.stringValue)' is absent") }
        guard let value = try? fields.decode(Value.self, forKey: key) else {
          throw Fault(reason: "'\(key.stringValue)' is not what it should be")
        }
        return value
      }
    }

    case tensor(Tensor)
    case metadata([String: String])
    case unreadable(String)

    init(from decoder: any Decoder) throws {
      do {
        self = .tensor(try Tensor(from: decoder))
      } catch {
        if let texts = try? [String: String](from: decoder) {
          self = .metadata(texts)
        } else {
          self = .unreadable((error as? Fault)?.reason ?? "the entry is no object")
        }
      }
    }
  }
}
