import Files
import Foundation
import Tensors

/// One of a tokenizer's changes to a text before it is divided.
enum TextNormalization {
  case map(CharacterMap)
  /// Runs of at least `count` of a character become `with`.
  case runs(of: Unicode.Scalar, count: Int, with: [Unicode.Scalar])
  case strip(left: Bool, right: Bool)

  func callAsFunction(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    switch self {
    case .map(let map): return map(text)
    case .runs(let scalar, let count, let replacement):
      var result = [Unicode.Scalar]()
      var run = 0
      for next in text + [nil] as [Unicode.Scalar?] {
        if next == scalar { run += 1; continue }
        result += run >= count ? replacement : Array(repeating: scalar, count: run)
        run = 0
        if let next { result.append(next) }
      }
      return result
    case .strip(let left, let right):
      var part = text[...]
      if left { part = part.drop { $0.properties.isWhitespace } }
      while right, part.last?.properties.isWhitespace == true { part.removeLast() }
      return Array(part)
    }
  }

  /// Reads the section `normalizer` of a tokenizer.json.
  ///
  /// - Throws: `Failure` naming what is not implemented.
  static func reading(_ value: JSONValue?, _ path: String) throws -> [TextNormalization] {
    guard let value, !value.isNull else { return [] }
    func unknown() -> Failure {
      Failure(
        .malformed, at: "\(path): normalizer", "a change to texts that is not implemented",
        expected: "Sequence, Precompiled, Strip, or Replace of runs of blanks",
        got: value.description.prefix(200).description)
    }
    func flag(_ key: String) -> Bool { value[key] == true }
    switch value["type"]?.string {
    case "Sequence":
      guard case .array(let parts)? = value["normalizers"] else { throw unknown() }
      return try parts.flatMap { try reading($0, path) }
    case "Precompiled":
      guard let bytes = value["precompiled_charsmap"]?.string.flatMap({ Data(base64Encoded: $0) }),
        let map = CharacterMap(bytes)
      else { throw unknown() }
      return [.map(map)]
    case "Strip": return [.strip(left: flag("strip_left"), right: flag("strip_right"))]
    case "Replace":
      guard value["pattern"]?["Regex"]?.string == " {2,}", let content = value["content"]?.string else {
        throw unknown()
      }
      return [.runs(of: " ", count: 2, with: Array(content.unicodeScalars))]
    default: throw unknown()
    }
  }
}
