import Foundation

/// Writes a tree as block YAML.
struct YAMLWriter {
  private static let inlineWidth = 90
  private(set) var text = ""

  mutating func writeDocument(_ node: YAMLNode) {
    if let inline = inline(node, width: .max) {
      text += inline + "\n"
    } else {
      writeLines(of: node, indentation: 0)
    }
  }

  /// A sequence or mapping that is not empty, each line indented.
  private mutating func writeLines(of node: YAMLNode, indentation: Int) {
    let margin = String(repeating: " ", count: indentation)
    switch node.content {
    case .scalar: break
    case .mapping(let entries):
      for entry in entries {
        writeValue(entry.value, after: margin + key(entry.key) + ":", entry.comment, indentation: indentation + 2)
      }
    case .sequence(let items):
      for item in items {
        if case .mapping(let entries) = item.content, let first = entries.first {
          // The first key of a mapping shares the line of the dash.
          let start = margin + "- " + key(first.key) + ":"
          writeValue(first.value, after: start, first.comment, indentation: indentation + 4)
          writeLines(of: YAMLNode(.mapping(Array(entries.dropFirst()))), indentation: indentation + 2)
        } else {
          writeValue(item, after: margin + "-", nil, indentation: indentation + 2)
        }
      }
    }
  }

  private mutating func writeValue(_ value: YAMLNode, after start: String, _ comment: String?, indentation: Int) {
    let inline = inline(value, width: Self.inlineWidth)
    var line = start
    if let inline, !inline.isEmpty { line += " " + inline }
    if let comment {
      line += "  # " + comment.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
    text += line + "\n"
    if inline == nil { writeLines(of: value, indentation: indentation) }
  }

  /// The node on one line, or nil if it needs several.
  private func inline(_ node: YAMLNode, width: Int) -> String? {
    switch node.content {
    case .scalar(let text, let style): return scalar(text, style)
    case .mapping(let entries): return entries.isEmpty ? "{}" : nil
    case .sequence(let items):
      var parts: [String] = []
      for item in items {
        guard case .scalar(let text, let style) = item.content else { return nil }
        // An empty plain item would disappear between its commas.
        parts.append(text.isEmpty && style == .plain ? "null" : scalar(text, style))
      }
      let line = "[" + parts.joined(separator: ", ") + "]"
      return line.count <= width ? line : nil
    }
  }

  private func key(_ key: YAMLNode) -> String {
    guard case .scalar(let text, let style) = key.content else { return "\"\"" }
    return text.isEmpty || text == "<<" ? Self.quoted(text) : scalar(text, style)
  }

  private func scalar(_ text: String, _ style: YAMLNode.Style) -> String {
    style == .plain && Self.canBePlain(text) ? text : Self.quoted(text)
  }

  /// Quotes if in doubt: plain text here is plain in every position and for every reader.
  private static func canBePlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return true }
    if text == "~" { return true }
    if "!&*|>'\"%@`#?:- ~".unicodeScalars.contains(first) {
      // A minus is allowed before a number or a letter.
      guard first == "-", let second = text.dropFirst().first, second.isNumber || second == "." || second.isLetter
      else { return false }
    }
    if last == " " || last == ":" || text.hasPrefix("---") || text.hasPrefix("...") { return false }
    if text.contains(": ") || text.contains(" #") { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      !",[]{}".unicodeScalars.contains(scalar) && scalar.value >= 0x20 && !(0x7F...0xA0).contains(scalar.value)
        && scalar.value != 0x2028 && scalar.value != 0x2029 && scalar.value != 0xFEFF && scalar.value < 0x10000
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        let isPlain = scalar.value >= 0x20 && !(0x7F...0xA0).contains(scalar.value) && scalar.value < 0x2028
        result += isPlain ? String(scalar) : String(format: "\\U%08X", scalar.value)
      }
    }
    return result + "\""
  }
}
