import Files
import Tensors

/// A SentencePiece tokenizer of the kind Unigram, like transformers' fast tokenizers for the same folder.
public final class UnigramTokenizer: Sendable {
  /// The largest id that can occur.
  public let largestID: Int
  /// A hash of everything that determines the ids.
  public let digest: String
  private let model: UnigramModel
  private let normalizations: [TextNormalization]
  private let metaspace: Metaspace
  private let asWritten: AddedTokens
  private let afterNormalizing: AddedTokens
  private let end: Int

  /// - Parameter folder: a folder in transformers' layout: tokenizer.json or spiece.model.
  /// - Throws: `Failure` naming the file, and what in it is missing or cannot be used.
  public init(_ folder: String) throws {
    let files = try UnigramFiles(folder)
    model = UnigramModel(files.pieces, unknown: files.unknown)
    (normalizations, metaspace) = (files.normalizations, files.metaspace)
    asWritten = AddedTokens(files.added.filter { !$0.isNormalized })
    afterNormalizing = AddedTokens(files.added.filter(\.isNormalized))
    let added = files.added.first { $0.content == Array(files.end.unicodeScalars) }
    guard let end = added?.id ?? model.id(of: files.end) else {
      throw Failure(.malformed, at: files.path, "the token '\(files.end)', which ends a text, has no id")
    }
    self.end = end
    largestID = max(files.pieces.count - 1, files.added.map(\.id).max() ?? 0)
    digest = hash(
      [
        files.pieces.map { "\($0) \($1)" }, files.added.map { "\($0)" }.sorted(),
        ["\(files.unknown) \(end) \(metaspace)", files.normalizer],
      ]
      .map { $0.joined(separator: "\n") }.joined(separator: "\n\n"))
  }

  /// The text's ids, which end with the end token.
  ///
  /// - Parameter length: the largest number of ids.
  /// - Returns: the ids, and how many at the end were cut off.
  public func encode(_ text: String, length: Int = .max) -> (ids: [Int], cutCount: Int) {
    let ids = asWritten.split(Array(text.unicodeScalars)[...]).flatMap { piece -> [Int] in
      switch piece {
      case .token(let id): return [id]
      case .text(let part):
        let normalized = normalizations.reduce(Array(part)) { $1($0) }
        return afterNormalizing.split(normalized[...]).flatMap { piece -> [Int] in
          switch piece {
          case .token(let id): [id]
          case .text(let words):
            metaspace.words(Array(words), isFirst: part.startIndex == 0 && words.startIndex == 0).flatMap(model.encode)
          }
        }
      }
    }
    let kept = ids.prefix(length - 1)
    return (kept + [end], ids.count - kept.count)
  }
}
