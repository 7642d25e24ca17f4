/// A piece of a page. Inserted texts are escaped, so text from a recipe always stays text.
///
///     let cell: HTML = "<td>\(name)</td>"
public struct HTML: Equatable, Sendable, ExpressibleByStringInterpolation {
  /// The markup.
  public let text: String

  public init(stringLiteral value: String) { text = value }
  public init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Text that is already HTML, such as an SVG.
  public init(markup: String) { text = markup }

  public struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    public init(literalCapacity: Int, interpolationCount: Int) {}
    public mutating func appendLiteral(_ literal: String) { text += literal }
    public mutating func appendInterpolation(_ value: some StringProtocol) { text += HTML.escaped(String(value)) }
    public mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
    public mutating func appendInterpolation(_ part: HTML?) { text += part?.text ?? "" }
    public mutating func appendInterpolation(_ parts: [HTML]) { text += parts.map(\.text).joined(separator: "\n") }
  }

  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { escaped, letter in
      switch letter {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(letter)
      }
    }
  }
}
