import Foundation
import Tensors

/// A file of JSON objects, one per line.
package enum JSONLines {
  package struct Row {
    /// The line number, from 1 on.
    package let number: Int
    package let text: String
    /// The fields. Their errors name the file, the line and the field.
    package let fields: ModelConfig

    /// "results.jsonl:12"
    package var place: String { fields.path }
  }

  /// - Throws: `Failure` naming a line that is not a JSON object.
  package static func read(_ path: String) throws -> [Row] {
    let rows = try TextFile(path).lines.map { line in
      let place = "\(path):\(line.number)"
      return Row(
        number: line.number, text: line.text, fields: ModelConfig(try object(line.text, at: place), path: place))
    }
    guard !rows.isEmpty else { throw Failure(.malformed, at: path, expected: "a JSON object a line", got: "none") }
    return rows
  }

  /// - Throws: `Failure` if the text is not a JSON object.
  package static func object(_ text: String, at place: String) throws -> [String: JSONValue] {
    guard case .object(let values)? = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
      throw Failure(.malformed, at: place, expected: "a JSON object", got: "\(text.prefix(60))")
    }
    return values
  }
}

extension ModelConfig {
  /// The objects of a list. `absent` is the default if the list may be left out.
  package func objects(_ key: String, absent: [ModelConfig]? = nil) throws -> [ModelConfig] {
    guard has(key) else {
      guard let absent else { throw wrong(key, expected: "a list of objects", got: "none") }
      return absent
    }
    guard case .array(let entries)? = values[key] else {
      throw wrong(key, expected: "a list of objects", got: "\(values[key] ?? .null)")
    }
    return try entries.enumerated().map { index, entry in
      guard case .object(let values) = entry else {
        throw wrong("\(key)[\(index)]", expected: "an object", got: "\(entry)")
      }
      return ModelConfig(values, path: "\(path): \(key)[\(index)]")
    }
  }

  /// One of a set of words.
  package func choice<Word: RawRepresentable<String> & CaseIterable>(_ key: String, of: Word.Type = Word.self) throws
    -> Word
  {
    let text = try text(key)
    guard let word = Word(rawValue: text) else {
      throw wrong(key, expected: Word.allCases.map(\.rawValue).joined(separator: ", "), got: "'\(text)'")
    }
    return word
  }
}
