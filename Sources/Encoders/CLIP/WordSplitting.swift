import Foundation

/// Splits text, as CLIP's tokenizer does, into the words for byte-pair encoding.
enum WordSplitting {
  typealias Scalars = ArraySlice<Unicode.Scalar>

  /// Text in NFC, with runs of white space as one space, in lower case (of each character by itself).
  static func normalized(_ text: Scalars) -> [Unicode.Scalar] {
    var result = [Unicode.Scalar]()
    result.reserveCapacity(text.count)
    for scalar in composed(text) {
      switch Kind(scalar) {
      case .space: if result.last != " " { result.append(" ") }
      case _ where scalar.isASCII: result.append(("A"..."Z").contains(scalar) ? lowered(scalar) : scalar)
      default: result += scalar.properties.lowercaseMapping.unicodeScalars
      }
    }
    return result
  }

  private static func composed(_ text: Scalars) -> Scalars {
    guard !text.allSatisfy(\.isASCII) else { return text }
    var string = String.UnicodeScalarView()
    string.append(contentsOf: text)
    return Array(String(string).precomposedStringWithCanonicalMapping.unicodeScalars)[...]
  }

  private static func lowered(_ capital: Unicode.Scalar) -> Unicode.Scalar {
    Unicode.Scalar(UInt8(ascii: capital) + 32)
  }

  /// Words of normalized text, as UTF-8: contractions, runs of letters, single digits, runs of anything else. White
  /// space is only a separator.
  static func words(_ text: Scalars) -> [[UInt8]] {
    var rest = text
    var words = [[UInt8]]()
    func take(_ count: Int) {
      var word = [UInt8]()
      word.reserveCapacity(count)
      for scalar in rest.prefix(count) { word += UTF8.encode(scalar) ?? .init() }
      words.append(word)
      rest = rest.dropFirst(count)
    }
    while let first = rest.first {
      if first == "<", let mark = marks.first(where: { rest.starts(with: $0.joined()) }) {
        for part in mark { take(part.count) }
      } else if first == "'", let contraction = contractions.first(where: { rest.starts(with: $0) }) {
        take(contraction.count)
      } else {
        switch Kind(first) {
        case .space: rest = rest.dropFirst()
        case .number: take(1)
        case let kind: take(rest.prefix { Kind($0) == kind }.count)
        }
      }
    }
    return words
  }

  private enum Kind {
    case letter
    case number
    case space
    case other

    init(_ scalar: Unicode.Scalar) {
      switch scalar {
      case "a"..."z", "A"..."Z": self = .letter
      case "0"..."9": self = .number
      case " ": self = .space
      default: self = Self.looked(up: scalar)
      }
    }

    private static func looked(up scalar: Unicode.Scalar) -> Kind {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
      case .decimalNumber, .letterNumber, .otherNumber: .number
      default: scalar.properties.isWhitespace ? .space : .other
      }
    }
  }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }
  /// Start and end marks that are not tokens themselves (in capitals, for example) still become whole words before they
  /// are encoded.
  private static let marks = [["<|", "startoftext", "|>"], ["<|", "endoftext", "|>"]].map { parts in
    parts.map { Array($0.unicodeScalars) }
  }
}
