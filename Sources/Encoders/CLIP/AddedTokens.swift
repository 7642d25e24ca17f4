/// A token that is matched in the text before all others, such as `<|endoftext|>`.
package struct AddedToken: Equatable, Sendable {
  var content: [Unicode.Scalar]
  var id: Int
  /// Whether it does not match inside a longer word.
  var isSingleWord = false
  /// Whether it is matched in the normalized text, not in the original text.
  var isNormalized = false
  /// Whether the white space before or after it belongs to it. It makes no difference if white space becomes no tokens.
  var stripsLeft = false
  var stripsRight = false
}

extension AddedToken {
  /// A token that may be anywhere in the original text.
  package init(_ content: String, id: Int) { self.init(content: Array(content.unicodeScalars), id: id) }
}

/// The added tokens of one stage, before or after normalization.
package struct AddedTokens: Sendable {
  package typealias Scalars = ArraySlice<Unicode.Scalar>

  package enum Piece {
    case token(Int)
    case text(Scalars)
  }

  /// The tokens, longest first: if several match at the same position, the longest wins.
  private let tokens: [AddedToken]

  package init(_ tokens: [AddedToken]) { self.tokens = tokens.sorted { $0.content.count > $1.content.count } }

  package func split(_ text: Scalars) -> [Piece] {
    var pieces = [Piece]()
    var start = text.startIndex  // of what has not become a piece yet
    var index = start
    while index < text.endIndex {
      let next = text[index]
      guard let token = tokens.first(where: { $0.content[0] == next && text[index...].starts(with: $0.content) }) else {
        index += 1
        continue
      }
      let range = index..<index + token.content.count
      index = range.upperBound
      if token.isSingleWord && isInsideWord(range, of: text) { continue }
      var before = text[start..<range.lowerBound]
      while token.stripsLeft, before.last?.properties.isWhitespace == true { before.removeLast() }
      if !before.isEmpty { pieces.append(.text(before)) }
      pieces.append(.token(token.id))
      while token.stripsRight, index < text.endIndex, text[index].properties.isWhitespace { index += 1 }
      start = index
    }
    if start < text.endIndex { pieces.append(.text(text[start...])) }
    return pieces
  }

  private func isInsideWord(_ range: Range<Int>, of text: Scalars) -> Bool {
    text[..<range.lowerBound].last.map(isWordCharacter) ?? false
      || text[range.upperBound...].first.map(isWordCharacter) ?? false
  }

  private func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: scalar.properties.isAlphabetic
    }
  }
}
