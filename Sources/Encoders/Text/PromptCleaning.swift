import Foundation

/// How video pipelines clean prompts before they tokenize them: diffusers' `prompt_clean`, and the code of Wan's authors.
///
/// It has ftfy's tables for quotes, ligatures, wide and narrow forms, controls and entities. What ftfy also does, guessing which
/// text was decoded wrongly and mending it, is left out.
public enum PromptCleaning {
  public static func cleaned(_ prompt: String) -> String {
    var text = Array(prompt.unicodeScalars)
    if !text.contains("<") { text = HTMLEntities.resolved(text, capitals: true) }
    text = plain(withoutEscapes(text))
    text = Array(String(String.UnicodeScalarView(text)).precomposedStringWithCanonicalMapping.unicodeScalars)
    text = HTMLEntities.resolved(HTMLEntities.resolved(text))
    let words = text.split { $0.properties.isWhitespace || 0x1C...0x1F ~= $0.value }
    return words.map { String(String.UnicodeScalarView($0)) }.joined(separator: " ")
  }

  /// Without the sequences that color a terminal's text: ESC [ numbers letter.
  private static func withoutEscapes(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result = [Unicode.Scalar]()
    var rest = text[...]
    while let scalar = rest.popFirst() {
      if scalar == "\u{1B}", rest.first == "[" {
        let after = rest.dropFirst().drop { "0"..."9" ~= $0 || $0 == ";" }
        if let letter = after.first, "a"..."z" ~= letter || "A"..."Z" ~= letter {
          rest = after.dropFirst()
          continue
        }
      }
      result.append(scalar)
    }
    return result
  }

  private static let ligatures: [Unicode.Scalar: String] = [
    "Ĳ": "IJ", "ĳ": "ij", "ŉ": "ʼn", "Ǳ": "DZ", "ǲ": "Dz", "ǳ": "dz", "Ǆ": "DŽ", "ǅ": "Dž", "ǆ": "dž", "Ǉ": "LJ",
    "ǈ": "Lj",
    "ǉ": "lj", "Ǌ": "NJ", "ǋ": "Nj", "ǌ": "nj", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ſt",
    "ﬆ": "st",
  ]

  /// Each character in its plain form.
  private static func plain(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.flatMap { scalar -> [Unicode.Scalar] in
      switch scalar.value {
      // Of Windows-1252, read as Latin-1.
      case 0x80...0x9F: [HTMLEntities.windows1252[Int(scalar.value) - 0x80] ?? scalar].map(unquoted)
      case 0x3000: [" "]
      case 0xFF01...0xFFEF: Array(String(scalar).precomposedStringWithCompatibilityMapping.unicodeScalars)
      case 0...0x8, 0xB, 0xE...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: []
      case 0x2028, 0x2029: ["\n"]
      default: ligatures[scalar].map { Array($0.unicodeScalars).map(unquoted) } ?? [unquoted(scalar)]
      }
    }
  }

  /// Straight quotation marks for curly ones.
  private static func unquoted(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x2BC, 0x2018...0x201B: "'"
    case 0x201C...0x201F: "\""
    default: scalar
    }
  }
}
