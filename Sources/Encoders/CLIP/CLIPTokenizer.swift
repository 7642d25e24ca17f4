import Files
import Tensors

/// CLIP's byte-pair tokenizer, exactly like transformers' CLIPTokenizer for the same folder.
///
/// It follows the config: SDXL's tokenizer_2 pads with `!`, and so makes every `!` in a prompt that one token.
public final class CLIPTokenizer: Sendable {
  /// The length of every sequence of ids, including the start and end tokens.
  public let length: Int
  /// The largest id that can occur.
  public let largestID: Int
  let start: Int
  let end: Int
  let pad: Int
  /// A hash of everything that determines the ids.
  public let digest: String
  private let encoding: BytePairEncoding
  private let asWritten: AddedTokens
  private let afterNormalizing: AddedTokens

  /// A text as input to a CLIP model.
  public struct Tokens: Equatable, Sendable {
    /// Start, tokens, end, padding: `length` ids in all.
    public var ids: [Int]
    /// The number of tokens that were cut off at the end.
    public var cutCount: Int
  }

  /// - Parameter folder: a folder in transformers' layout: tokenizer_config.json, special_tokens_map.json, and
  ///   vocab.json with merges.txt, or tokenizer.json.
  /// - Throws: `Failure` naming the file, and the setting or token in it that is missing or cannot be used.
  public convenience init(_ folder: String) throws { try self.init(TokenizerFiles(folder)) }

  init(_ files: TokenizerFiles) throws {
    encoding = files.encoding
    digest = files.digest
    (start, end, pad) = (files.start, files.end, files.pad)
    length = files.length
    largestID = max(encoding.vocabulary.values.max() ?? 0, files.added.map(\.id).max() ?? 0)
    asWritten = AddedTokens(files.added.filter { !$0.isNormalized })
    afterNormalizing = AddedTokens(
      files.added.filter(\.isNormalized).map { token in
        var token = token
        token.content = WordSplitting.normalized(token.content[...])
        return token
      })
  }

  /// The text's ids, cut or padded to `length`.
  public func encode(_ text: String) -> Tokens {
    let tokens = tokens(of: text)
    let room = length - 2
    let kept = [start] + tokens.prefix(room) + [end]
    return Tokens(
      ids: kept + Array(repeating: pad, count: length - kept.count), cutCount: max(0, tokens.count - room))
  }

  /// All texts' ids, int64 [B, length].
  public func encode(_ texts: [String]) throws -> (ids: Tensor, cutCounts: [Int]) {
    let encoded = texts.map { encode($0) as Tokens }
    let ids = try Tensor(encoded.flatMap { $0.ids }, shape: [texts.count, length])
    return (ids, encoded.map(\.cutCount))
  }

  private func tokens(of text: String) -> [Int] {
    asWritten.split(Array(text.unicodeScalars)[...]).flatMap { piece in
      switch piece {
      case .token(let id): [id]
      case .text(let part):
        afterNormalizing.split(WordSplitting.normalized(part)[...]).flatMap { piece in
          switch piece {
          case .token(let id): [id]
          case .text(let part): WordSplitting.words(part).flatMap(encoding.encode)
          }
        }
      }
    }
  }
}
