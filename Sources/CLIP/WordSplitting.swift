import Foundation

/// How CLIP's tokenizer cuts text into the words that byte-pair encoding works on.
enum WordSplitting {
  typealias Scalars = ArraySlice<Unicode.Scalar>

  /// NFC, runs of white space as one space, lower case (of each character by itself, whatever stands beside it).
  static func normalized(_ text: Scalars) -> [Unicode.Scalar] {
    var string = String.UnicodeScalarView()
    string.append(contentsOf: text)
    let composed = String(string).precomposedStringWithCanonicalMapping
    var result = [Unicode.Scalar]()
    for scalar in composed.unicodeScalars {
      if !scalar.properties.isWhitespace {
        result += scalar.properties.lowercaseMapping.unicodeScalars
      } else if result.last != " " {
        result.append(" ")
      }
    }
    return result
  }

  /// Words of normalised text, as UTF-8: contractions, runs of letters, single digits, runs of anything else. White space
  /// only separates.
  static func words(_ text: Scalars) -> [[UInt8]] {
    var rest = text
    var words = [[UInt8]]()
    func take(_ count: Int) {
      words.append(rest.prefix(count).flatMap { Array(UTF8.encode($0) ?? .init()) })
      rest = rest.dropFirst(count)
    }
    while let first = rest.first {
      if let mark = marks.first(where: { rest.starts(with: $0.joined()) }) {
        for part in mark { take(part.count) }
      } else if let contraction = contractions.first(where: { rest.starts(with: $0) }) {
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
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .space : .other
      }
    }
  }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }
  /// Start and end of text where they are no tokens of their own (in capitals, say) are still cut out before they are
  /// cut up.
  private static let marks = [["<|", "startoftext", "|>"], ["<|", "endoftext", "|>"]].map { parts in
    parts.map { Array($0.unicodeScalars) }
  }
}
