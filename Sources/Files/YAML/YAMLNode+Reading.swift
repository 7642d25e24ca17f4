import Tensors

// Typed reads. Each throws a `Failure` of kind `.malformed` at the node's own file, line and column.
extension YAMLNode {
  /// The text of a scalar, quoted or not. `null` is not a text.
  public func string() throws -> String {
    guard case .scalar(let text, _) = content, !isNull else { throw mismatch("text") }
    return text
  }

  /// A whole number in decimal notation.
  public func integer() throws -> Int {
    let text = try plain("a whole number")
    if let value = YAMLScalar.integer(text) { return value }
    var advice: String?
    if let value = YAMLScalar.number(text), let whole = Int(exactly: value) {
      advice = "Write \(whole)."
    } else if let whole = YAMLScalar.integer(text.filter { $0 != "_" && $0 != "," }) {
      advice = "Write \(whole), without separators."
    }
    throw mismatch("a whole number", advice: advice)
  }

  /// A number: `3`, `.5`, `1e-4`. `.inf` and `-.inf` are allowed; `inf` and `nan` are refused.
  public func number() throws -> Double {
    let text = try plain("a number")
    if let value = YAMLScalar.number(text) { return value }
    var advice: String?
    switch text.lowercased() {
    case "inf", "+inf", "infinity", "+infinity": advice = "Write .inf if a number without bound is meant."
    case "-inf", "-infinity": advice = "Write -.inf if a number without bound is meant."
    default:
      if YAMLScalar.number(text.filter { $0 != "_" }) != nil { advice = "Leave out the underscores." }
    }
    throw mismatch("a number", advice: advice)
  }

  /// `true` or `false`, in lower case.
  public func boolean() throws -> Bool {
    let text = try plain("true or false")
    switch text {
    case "true": return true
    case "false": return false
    default: break
    }
    switch text.lowercased() {
    case "true", "yes", "on", "y": throw mismatch("true or false", advice: "Write true.")
    case "false", "no", "off", "n": throw mismatch("true or false", advice: "Write false.")
    default: throw mismatch("true or false")
    }
  }

  /// The items.
  ///
  /// - Throws: `Failure` if it is not a sequence.
  public func sequence() throws -> [YAMLNode] {
    guard case .sequence(let items) = content else { throw mismatch("a list") }
    return items
  }

  /// The entries in the order of the file. No key occurs twice.
  public func mapping() throws -> [Entry] {
    guard case .mapping(let entries) = content else { throw mismatch("a mapping (`key: value`)") }
    return entries
  }

  /// A description of the node, for the second half of "expected …, got …".
  public var summary: String {
    switch content {
    case .scalar(let text, _):
      if isNull { return "nothing" }
      let oneLine = text.map { $0.isNewline ? "⏎" : String($0) }.joined()
      return oneLine.count > 60 ? "'\(oneLine.prefix(57))...'" : "'\(oneLine)'"
    case .sequence(let items): return items.count == 1 ? "a list of one item" : "a list of \(items.count) items"
    case .mapping(let entries):
      return entries.count == 1 ? "a mapping of one key" : "a mapping of \(entries.count) keys"
    }
  }

  /// The error for a node that is not what the reader expects.
  public func mismatch(_ expected: String, advice: String? = nil) -> Failure {
    Failure(.malformed, at: position.description, expected: expected, got: summary, advice: advice)
  }

  private func plain(_ expected: String) throws -> String {
    guard case .scalar(let text, let style) = content, !isNull else { throw mismatch(expected) }
    if style == .quoted {
      throw Failure(
        .malformed, at: position.description, expected: expected, got: "the quoted text \(summary)",
        advice: "Remove the quotes.")
    }
    return text
  }
}
