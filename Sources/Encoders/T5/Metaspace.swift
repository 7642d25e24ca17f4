/// How a SentencePiece tokenizer marks white space: by U+2581 in place of it.
struct Metaspace: Equatable {
  /// When a mark is put before a text that begins with none.
  enum Prepending: String {
    case always
    /// Only at the very beginning, not after a token that was found in the text.
    case first
    case never
  }

  var mark: Unicode.Scalar = "\u{2581}"
  var prepending = Prepending.always
  /// Whether each word is divided by itself, so that no piece reaches over white space.
  var splits = true
  /// Whether words are split at every white space first, and each gets a mark, as in T5's older files.
  var splitsAtWhiteSpace = false

  /// The words of a text, each beginning with its mark.
  func words(_ text: [Unicode.Scalar], isFirst: Bool) -> [ArraySlice<Unicode.Scalar>] {
    if splitsAtWhiteSpace {
      var whole = self
      whole.splitsAtWhiteSpace = false
      return text.split { $0.properties.isWhitespace }.flatMap { whole.words(Array($0), isFirst: isFirst) }
    }
    var marked = text.map { $0 == " " ? mark : $0 }
    let prepends = prepending == .always || prepending == .first && isFirst
    if prepends, !marked.isEmpty, marked[0] != mark { marked.insert(mark, at: 0) }
    guard splits else { return marked.isEmpty ? [] : [marked[...]] }
    var starts = marked.indices.filter { marked[$0] == mark }
    if !marked.isEmpty, starts.first != 0 { starts.insert(0, at: 0) }
    return zip(starts, starts.dropFirst() + [marked.count]).map { marked[$0..<$1] }
  }
}
