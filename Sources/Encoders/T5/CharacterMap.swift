import Foundation

/// A table of texts and what replaces them, as SentencePiece compiles it (`precompiled_charsmap`): a double array (Aoe, 1989, as
/// darts-clone stores it) of the texts, and the replacements, each ending in a zero.
struct CharacterMap {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// - Returns: nil if the bytes are no such table.
  init?(_ bytes: Data) {
    let bytes = Array(bytes)
    func unit(_ index: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) } }
    guard bytes.count >= 8 else { return nil }
    let size = Int(unit(0))
    guard size > 0, size.isMultiple(of: 4), size <= bytes.count - 4 else { return nil }
    units = (0..<size / 4).map { unit(4 + 4 * $0) }
    replacements = Array(bytes[(4 + size)...])
  }

  /// The text with its characters replaced, as transformers' fast tokenizers do it.
  func callAsFunction(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text)
    return String(view).flatMap { character -> [Unicode.Scalar] in
      let scalars = Array(character.unicodeScalars)
      if String(character).utf8.count < 6, let whole = replacement(scalars) { return whole }
      return scalars.flatMap { replacement([$0]) ?? [$0] }
    }
  }

  /// What replaces the shortest beginning of the text that the table has.
  private func replacement(_ text: [Unicode.Scalar]) -> [Unicode.Scalar]? {
    var node = offset(units[0])
    for byte in text.flatMap({ Array(UTF8.encode($0)!) }) {
      node ^= Int(byte)
      guard node < units.count, byte != 0, units[node] & 0x8000_00FF == UInt32(byte) else { return nil }
      let unit = units[node]
      node ^= offset(unit)
      guard node < units.count else { return nil }
      if unit >> 8 & 1 == 1 {
        let start = Int(units[node] & 0x7FFF_FFFF)
        guard start < replacements.count else { return nil }
        return Array(String(decoding: replacements[start...].prefix { $0 != 0 }, as: UTF8.self).unicodeScalars)
      }
    }
    return nil
  }

  private func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }
}
