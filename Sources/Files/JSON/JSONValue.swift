import Foundation
import Tensors

/// Any JSON value.
public enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// NaN and Infinity, which Python writes without quotes, are read as strings.
  ///
  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not JSON.
  public static func read(_ path: String) throws -> JSONValue {
    let file = try MappedFile(path)
    let data = file.withBytes(0, file.count) { Data($0) }
    do { return try JSONDecoder().decode(JSONValue.self, from: data) } catch {
      if let quoted = quotingNonFinite(data), let value = try? JSONDecoder().decode(JSONValue.self, from: quoted) {
        return value
      }
      throw Failure(.malformed, at: path, "not JSON", advice: "Copy or download it again.")
    }
  }

  /// The same text with NaN, Infinity and -Infinity outside strings in quotes; nil if there are none.
  private static func quotingNonFinite(_ data: Data) -> Data? {
    var result = Data()
    var rest = data[...]
    var (isInString, isEscaped, found) = (false, false, false)
    while let byte = rest.first {
      if !isInString, let word = ["NaN", "-Infinity", "Infinity"].first(where: { rest.starts(with: $0.utf8) }) {
        result += Data("\"\(word)\"".utf8)
        rest = rest.dropFirst(word.utf8.count)
        found = true
        continue
      }
      if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      result.append(byte)
      rest = rest.dropFirst()
    }
    return found ? result : nil
  }

  /// The JSON of a file that people read: sorted keys, a line each.
  public func pretty() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  /// The value of a key; nil if it is missing or this is not an object.
  public subscript(_ key: String) -> JSONValue? {
    if case .object(let values) = self { values[key] } else { nil }
  }

  /// The string; nil for other values.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// Whether it is null.
  public var isNull: Bool { self == .null }
}

extension JSONValue: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .boolean(flag)
    } else if let integer = try? value.decode(Int.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .string(text)
    } else if let array = try? value.decode([JSONValue].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSONValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let flag): try container.encode(flag)
    case .integer(let integer): try container.encode(integer)
    case .number(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .array(let array): try container.encode(array)
    case .object(let object): try container.encode(object)
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as JSON, on one line, with sorted keys.
  public var description: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  public init(nilLiteral: ()) { self = .null }
}
