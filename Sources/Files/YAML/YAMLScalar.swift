import Foundation

/// The possible meanings of plain YAML text. Numbers follow the YAML 1.2 core schema, in decimal.
enum YAMLScalar {
  static func isNull(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }

  /// A decimal whole number: no underscores, no leading zeros (YAML 1.1 reads `010` as eight).
  static func integer(_ text: String) -> Int? {
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
    guard digits.count == 1 || digits.first != "0" else { return nil }
    return Int(text)
  }

  /// A finite decimal number such as `3`, `.5`, `1.`, `1e-4`, or one of YAML's `.inf` and `-.inf`.
  static func number(_ text: String) -> Double? {
    switch text {
    case ".inf", "+.inf": return .infinity
    case "-.inf": return -.infinity
    default: break
    }
    var rest = text[...]
    if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
    let whole = takeDigits(&rest)
    var fraction = 0
    if rest.first == "." {
      rest = rest.dropFirst()
      fraction = takeDigits(&rest)
    }
    guard whole + fraction > 0 else { return nil }
    if rest.first == "e" || rest.first == "E" {
      rest = rest.dropFirst()
      if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
      guard takeDigits(&rest) > 0 else { return nil }
    }
    guard rest.isEmpty, let value = Double(normalized(text)), value.isFinite else { return nil }
    return value
  }

  /// Whether plain `text` would be read as something other than a string, here or by other YAML readers.
  static func meansMoreThanText(_ text: String) -> Bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf", "<<", "="]
    if isNull(text) || words.contains(text.lowercased()) { return true }
    // Anything that starts like a number: some readers do not read 0x10, 1_000, 12:30 and 2024-01-01 as text.
    let body = text.first == "-" || text.first == "+" || text.first == "." ? text.dropFirst() : text[...]
    return body.first.map { isDigit($0) || $0 == "." } ?? false
  }

  private static func isDigit(_ character: Character) -> Bool { character >= "0" && character <= "9" }

  private static func takeDigits(_ rest: inout Substring) -> Int {
    let digits = rest.prefix(while: isDigit)
    rest = rest.dropFirst(digits.count)
    return digits.count
  }

  /// `Double` requires a digit on both sides of the point.
  private static func normalized(_ text: String) -> String {
    guard let point = text.firstIndex(of: ".") else { return text }
    let before = text[..<point]
    let after = text[text.index(after: point)...]
    let zeroBefore = before.last.map(isDigit) ?? false ? "" : "0"
    let zeroAfter = after.first.map(isDigit) ?? false ? "" : "0"
    return "\(before)\(zeroBefore).\(zeroAfter)\(after)"
  }
}
