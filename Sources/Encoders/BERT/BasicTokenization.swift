import Foundation

/// Splits text into words as BERT's uncased tokenizer does; each word is then split into pieces (Devlin et al., arXiv
/// 1810.04805).
enum BasicTokenization {
  typealias Scalars = ArraySlice<Unicode.Scalar>

  /// Words in lower case without accents. White space separates words, punctuation marks and ideographs are words by
  /// themselves, and control characters are dropped.
  static func words(_ text: Scalars) -> [[Unicode.Scalar]] {
    var words = [[Unicode.Scalar]]()
    var isInside = false
    for scalar in decomposed(text) {
      switch Kind(scalar) {
      case .space: isInside = false
      case .accent: continue
      case .mark:
        words.append([scalar])
        isInside = false
      case .letter:
        if isInside { words[words.count - 1].append(scalar) } else { words.append([scalar]) }
        isInside = true
      }
    }
    return words
  }

  /// The cleaned text in lower case (of each character by itself) and in NFD.
  private static func decomposed(_ text: Scalars) -> String.UnicodeScalarView {
    var cleaned = String.UnicodeScalarView()
    for scalar in text {
      for lowered in scalar.properties.lowercaseMapping.unicodeScalars {
        if isSpace(lowered) {
          cleaned.append(" ")
        } else if isIdeograph(lowered) {
          cleaned.append(contentsOf: [" ", lowered, " "])
        } else if !isDropped(lowered) {
          cleaned.append(lowered)
        }
      }
    }
    let isASCII = cleaned.allSatisfy(\.isASCII)
    return isASCII ? cleaned : String(cleaned).decomposedStringWithCanonicalMapping.unicodeScalars
  }

  private enum Kind {
    case letter
    case mark
    case accent
    case space

    init(_ scalar: Unicode.Scalar) {
      switch scalar {
      case " ": self = .space
      case "a"..."z", "0"..."9": self = .letter
      case "!"..."/", ":"..."@", "["..."`", "{"..."~": self = .mark
      default:
        switch scalar.properties.generalCategory {
        case .nonspacingMark: self = .accent
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
          .finalPunctuation, .otherPunctuation:
          self = .mark
        default: self = .letter
        }
      }
    }
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case " ", "\t", "\n", "\r": true
    default:
      switch scalar.properties.generalCategory {
      case .spaceSeparator, .lineSeparator, .paragraphSeparator: true
      default: false
      }
    }
  }

  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned: true
    default: scalar == "\u{FFFD}"
    }
  }

  /// Whether this is an ideograph of Chinese, including those in Japanese and Korean, but not kana or hangul.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
