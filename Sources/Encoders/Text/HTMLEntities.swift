/// The characters that HTML has names and numbers for, resolved like Python's `html.unescape` with HTML 4's names.
enum HTMLEntities {
  /// The names of U+00A0 to U+00FF, in order. Browsers accept them without the semicolon, too.
  private static let latin = """
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para \
    middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave \
    Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc \
    iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml
    """
  private static let others = """
    apos:27 OElig:152 oelig:153 Scaron:160 scaron:161 Yuml:178 fnof:192 circ:2C6 tilde:2DC Alpha:391 Beta:392 Gamma:393 \
    Delta:394 Epsilon:395 Zeta:396 Eta:397 Theta:398 Iota:399 Kappa:39A Lambda:39B Mu:39C Nu:39D Xi:39E Omicron:39F Pi:3A0 \
    Rho:3A1 Sigma:3A3 Tau:3A4 Upsilon:3A5 Phi:3A6 Chi:3A7 Psi:3A8 Omega:3A9 alpha:3B1 beta:3B2 gamma:3B3 delta:3B4 \
    epsilon:3B5 zeta:3B6 eta:3B7 theta:3B8 iota:3B9 kappa:3BA lambda:3BB mu:3BC nu:3BD xi:3BE omicron:3BF pi:3C0 rho:3C1 \
    sigmaf:3C2 sigma:3C3 tau:3C4 upsilon:3C5 phi:3C6 chi:3C7 psi:3C8 omega:3C9 thetasym:3D1 upsih:3D2 piv:3D6 ensp:2002 \
    emsp:2003 thinsp:2009 zwnj:200C zwj:200D lrm:200E rlm:200F ndash:2013 mdash:2014 lsquo:2018 rsquo:2019 sbquo:201A \
    ldquo:201C rdquo:201D bdquo:201E dagger:2020 Dagger:2021 bull:2022 hellip:2026 permil:2030 prime:2032 Prime:2033 \
    lsaquo:2039 rsaquo:203A oline:203E frasl:2044 euro:20AC image:2111 weierp:2118 real:211C trade:2122 alefsym:2135 \
    larr:2190 uarr:2191 rarr:2192 darr:2193 harr:2194 crarr:21B5 lArr:21D0 uArr:21D1 rArr:21D2 dArr:21D3 hArr:21D4 \
    forall:2200 part:2202 exist:2203 empty:2205 nabla:2207 isin:2208 notin:2209 ni:220B prod:220F sum:2211 minus:2212 \
    lowast:2217 radic:221A prop:221D infin:221E ang:2220 and:2227 or:2228 cap:2229 cup:222A int:222B there4:2234 sim:223C \
    cong:2245 asymp:2248 ne:2260 equiv:2261 le:2264 ge:2265 sub:2282 sup:2283 nsub:2284 sube:2286 supe:2287 oplus:2295 \
    otimes:2297 perp:22A5 sdot:22C5 lceil:2308 rceil:2309 lfloor:230A rfloor:230B lang:27E8 rang:27E9 loz:25CA spades:2660 \
    clubs:2663 hearts:2665 diams:2666
    """
  /// Accepted without the semicolon.
  private static let bare: [String: Unicode.Scalar] = {
    var names: [String: Unicode.Scalar] = [
      "amp": "&", "AMP": "&", "lt": "<", "LT": "<", "gt": ">", "GT": ">", "quot": "\"", "QUOT": "\"", "COPY": "©",
      "REG": "®",
    ]
    for (index, name) in latin.split(separator: " ").enumerated() { names[String(name)] = Unicode.Scalar(0xA0 + index) }
    return names
  }()
  private static let named: [String: Unicode.Scalar] = {
    var names = bare
    for entry in others.split(separator: " ") {
      let parts = entry.split(separator: ":")
      names[String(parts[0])] = UInt32(parts[1], radix: 16).flatMap(Unicode.Scalar.init)
    }
    return names
  }()

  /// What Windows-1252 has at 0x80 to 0x9F; nil where it has nothing.
  static let windows1252: [Unicode.Scalar?] = [
    "€", nil, "‚", "ƒ", "„", "…", "†", "‡", "ˆ", "‰", "Š", "‹", "Œ", nil, "Ž", nil, nil, "‘", "’", "“", "”", "•", "–",
    "—",
    "˜", "™", "š", "›", "œ", nil, "ž", "Ÿ",
  ]

  /// The text with its references replaced by their characters.
  ///
  /// - Parameter capitals: also names in capitals, such as `&EACUTE;`, if they end in a semicolon.
  static func resolved(_ text: [Unicode.Scalar], capitals: Bool = false) -> [Unicode.Scalar] {
    var result = [Unicode.Scalar]()
    var rest = text[...]
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[(start + 1)...]
      if let (scalars, length) = reference(rest, capitals: capitals) {
        result += scalars
        rest = rest.dropFirst(length)
      } else {
        result.append("&")
      }
    }
    return result + rest
  }

  /// What the reference after an ampersand stands for, and its length.
  private static func reference(
    _ text: ArraySlice<Unicode.Scalar>, capitals: Bool
  ) -> (scalars: [Unicode.Scalar], length: Int)? {
    if text.first == "#" {
      let isHex = text.dropFirst().first.map { $0 == "x" || $0 == "X" } ?? false
      let digits = text.dropFirst(isHex ? 2 : 1).prefix {
        $0.isASCII && Character($0).isHexDigit && (isHex || $0.properties.numericType != nil)
      }
      guard !digits.isEmpty, !capitals || text.dropFirst((isHex ? 2 : 1) + digits.count).first == ";" else {
        return nil
      }
      let value = UInt32(String(String.UnicodeScalarView(digits)), radix: isHex ? 16 : 10) ?? .max
      let length = (isHex ? 2 : 1) + digits.count
      return ([character(value)].compactMap(\.self), length + (text.dropFirst(length).first == ";" ? 1 : 0))
    }
    let name = text.prefix(32).prefix { !"\t\n\u{C} <&#;".unicodeScalars.contains($0) }
    let isClosed = text.dropFirst(name.count).first == ";"
    let word = String(String.UnicodeScalarView(name))
    if isClosed, let scalar = named[word] ?? (capitals ? capital(word) : nil) { return ([scalar], name.count + 1) }
    guard !capitals else { return nil }
    for length in stride(from: name.count, to: 1, by: -1) {
      guard let scalar = bare[String(String.UnicodeScalarView(name.prefix(length)))] else { continue }
      return ([scalar], length)
    }
    return nil
  }

  private static func capital(_ word: String) -> Unicode.Scalar? {
    guard word == word.uppercased(), let scalar = named[word.lowercased()] else { return nil }
    let upper = scalar.properties.uppercaseMapping.unicodeScalars
    return upper.count == 1 ? upper.first : nil
  }

  /// nil for a number that stands for nothing.
  private static func character(_ value: UInt32) -> Unicode.Scalar? {
    switch value {
    case 0, 0xD800...0xDFFF, 0x110000...: "\u{FFFD}"
    case 0x80...0x9F: windows1252[Int(value) - 0x80] ?? Unicode.Scalar(value)
    case 0x1...0x8, 0xB, 0xE...0x1F, 0x7F, 0xFDD0...0xFDEF: nil
    default: value & 0xFFFE == 0xFFFE ? nil : Unicode.Scalar(value)
    }
  }
}

extension String.UnicodeScalarView {
  init(_ scalars: some Sequence<Unicode.Scalar>) {
    self.init()
    append(contentsOf: scalars)
  }
}
