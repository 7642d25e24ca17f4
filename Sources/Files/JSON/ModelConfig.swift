import Foundation
import Tensors

/// A network's config.json, read key by key. The network's code must handle every key: a key that was not read is an
/// error, so that a fine-tuned model with other options never runs as something it is not.
public final class ModelConfig {
  /// The file, for errors.
  public let path: String
  /// All values, for export.
  public let values: [String: JSONValue]
  private var asked = Set<String>()

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not a JSON object.
  public convenience init(_ path: String) throws {
    guard case .object(let values) = try JSONValue.read(path) else {
      throw Failure(.malformed, at: path, expected: "a JSON object", got: "another JSON value")
    }
    self.init(values, path: path)
  }

  /// Known values; `path` names their source in errors.
  public init(_ values: [String: JSONValue], path: String) {
    self.values = values
    self.path = path
  }

  // MARK: Values; a missing or null key has its default

  /// A whole number; the default if it is missing.
  public func integer(_ key: String, default defaultValue: Int? = nil) throws -> Int {
    try value(key, "an integer", defaultValue, Self.integer)
  }

  /// A number; the default if it is missing.
  public func number(_ key: String, default defaultValue: Double? = nil) throws -> Double {
    try value(key, "a number", defaultValue, Self.number)
  }

  /// True or false; the default if it is missing.
  public func boolean(_ key: String, default defaultValue: Bool? = nil) throws -> Bool {
    try value(key, "true or false", defaultValue) { if case .boolean(let flag) = $0 { flag } else { nil } }
  }

  /// A list of true and false; the default if it is missing.
  public func booleans(_ key: String, default defaultValue: [Bool]? = nil) throws -> [Bool] {
    try value(key, "a list of true and false", defaultValue) { value in
      Self.list(value) { if case .boolean(let flag) = $0 { flag } else { nil } }
    }
  }

  /// A string; the default if it is missing.
  public func text(_ key: String, default defaultValue: String? = nil) throws -> String {
    try value(key, "a text", defaultValue, \.string)
  }

  /// A list of strings; the default if it is missing.
  public func texts(_ key: String, default defaultValue: [String]? = nil) throws -> [String] {
    try value(key, "a list of texts", defaultValue) { Self.list($0, \.string) }
  }

  /// A list of numbers; the default if it is missing.
  public func numbers(_ key: String, default defaultValue: [Double]? = nil) throws -> [Double] {
    try value(key, "a list of numbers", defaultValue) { Self.list($0, Self.number) }
  }

  /// A list of integers; with `count` it must have that length, and a single integer stands for a list of equal ones.
  public func integers(_ key: String, count: Int? = nil, default defaultValue: [Int]? = nil) throws -> [Int] {
    let found = try value(key, "a list of integers", defaultValue) { value in
      if let one = Self.integer(value), let count { return Array(repeating: one, count: count) }
      return Self.list(value, Self.integer)
    }
    if let count, found.count != count {
      throw wrong(key, expected: "\(count) integers, one a block", got: "\(found.count)")
    }
    return found
  }

  /// Whether the key has a value other than null.
  public func has(_ key: String) -> Bool {
    asked.insert(key)
    return values[key].map { !$0.isNull } ?? false
  }

  // MARK: Unsupported keys

  /// The key may only have one of these values (or be missing, or null): nothing else is implemented.
  public func accepts(_ key: String, _ allowed: JSONValue...) throws {
    asked.insert(key)
    guard let value = values[key], !value.isNull, !allowed.contains(where: { Self.isEqual($0, value) }) else { return }
    throw wrong(key, expected: allowed.map(\.description).joined(separator: " or "), got: value.description)
  }

  /// Accepts keys that do not change what the network computes.
  public func ignores(_ keys: String...) { asked.formUnion(keys) }

  /// - Throws: `Failure.malformed` naming the first key that was not read. Keys that begin with `_` are notes of the
  ///   library that wrote the file.
  public func finish() throws {
    let unknown = values.filter { !$0.key.hasPrefix("_") && !asked.contains($0.key) && !$0.value.isNull }
    guard let (key, value) = unknown.min(by: { $0.key < $1.key }) else { return }
    throw Failure(
      .malformed, at: "\(path): \(key)", "the setting is not known, so \(value) cannot be obeyed",
      advice: "The model is of another kind, or newer than this program.")
  }

  /// The error for an unsupported value, with its position.
  public func wrong(_ key: String, expected: String, got: String) -> Failure {
    Failure(.malformed, at: "\(path): \(key)", expected: expected, got: got)
  }

  private func value<Value>(_ key: String, _ expected: String, _ defaultValue: Value?, _ read: (JSONValue) -> Value?)
    throws
    -> Value
  {
    asked.insert(key)
    guard let value = values[key], !value.isNull else {
      guard let defaultValue else {
        throw Failure(.malformed, at: path, "the setting '\(key)' is missing", expected: expected)
      }
      return defaultValue
    }
    guard let result = read(value) else { throw wrong(key, expected: expected, got: value.description) }
    return result
  }

  private static func integer(_ value: JSONValue) -> Int? {
    if case .integer(let number) = value { number } else { nil }
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  private static func list<Value>(_ value: JSONValue, _ element: (JSONValue) -> Value?) -> [Value]? {
    guard case .array(let values) = value else { return nil }
    let read = values.compactMap(element)
    return read.count == values.count ? read : nil
  }

  private static func isEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
    if let a = number(a), let b = number(b) { return a == b }
    return a == b
  }
}
