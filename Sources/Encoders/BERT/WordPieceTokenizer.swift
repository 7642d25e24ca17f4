import Files
import Foundation
import Tensors

/// BERT's uncased tokenizer (Devlin et al., arXiv 1810.04805), exactly like transformers' BertTokenizer: it takes the
/// longest known piece of each word, then the longest known piece of the rest, and so on.
public final class WordPieceTokenizer: Sendable {
  /// The number of ids.
  public let count: Int
  /// A hash of everything that determines the ids.
  public let digest: String
  private let pieces: [[Unicode.Scalar]: Int]
  private let added: AddedTokens
  private let pad: Int
  private let unknown: Int
  private let start: Int
  private let end: Int
  /// The length limit: a longer word becomes the unknown token as a whole.
  private static let longestWord = 100
  private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  /// - Parameters:
  ///   - path: vocab.txt, one token per line; its id is the line's number from 0 on.
  ///   - more: tokens that get the next ids if the file lacks them.
  /// - Throws: `Failure` if the file does not exist or lacks a special token.
  public init(_ path: String, adding more: [String]) throws {
    var tokens = try Self.lines(path)
    var ids = [[Unicode.Scalar]: Int](minimumCapacity: tokens.count)
    for (id, token) in tokens.enumerated() { ids[token] = id }
    func id(_ token: String) throws -> Int {
      if let id = ids[Array(token.unicodeScalars)] { return id }
      throw Failure(
        .malformed, at: path, "the vocabulary has no token \(token)",
        expected: "bert-base-uncased's vocab.txt, one token a line", got: "\(tokens.count) lines")
    }
    (pad, unknown, start, end) = (try id("[PAD]"), try id("[UNK]"), try id("[CLS]"), try id("[SEP]"))
    for token in more.map({ Array($0.unicodeScalars) }) where ids[token] == nil {
      ids[token] = tokens.count
      tokens.append(token)
    }
    added = AddedTokens(try (Self.special + more).map { AddedToken($0, id: try id($0)) })
    (count, pieces) = (tokens.count, ids)
    digest = hash(String(String.UnicodeScalarView(tokens.joined(separator: ["\n"]))))
  }

  /// Ids int64 [B, length] (start, pieces, end, padding), and bool [B, length], false for padding.
  public func encode(_ texts: [String], length: Int) throws -> (ids: Tensor, mask: Tensor) {
    let encoded = texts.map { [start] + ids(of: $0).prefix(length - 2) + [end] }
    let padded = encoded.flatMap { $0 + Array(repeating: pad, count: length - $0.count) }
    let counts = try Tensor(encoded.map { $0.count - 1 }, shape: [texts.count, 1])
    let places = try Tensor.range(to: Double(length), .int64)
    return (try Tensor(padded, shape: [texts.count, length]), try places.lessOrEqual(to: counts))
  }

  private func ids(of text: String) -> [Int] {
    added.split(Array(text.unicodeScalars)[...]).flatMap { piece in
      switch piece {
      case .token(let id): [id]
      case .text(let part): BasicTokenization.words(part).flatMap(ids)
      }
    }
  }

  private func ids(of word: [Unicode.Scalar]) -> [Int] {
    guard word.count <= Self.longestWord else { return [unknown] }
    var ids = [Int]()
    var rest = word[...]
    while !rest.isEmpty {
      let lead: [Unicode.Scalar] = ids.isEmpty ? [] : ["#", "#"]
      let lengths = stride(from: rest.count, to: 0, by: -1).lazy
      guard let (length, id) = lengths.compactMap({ n in self.pieces[lead + rest.prefix(n)].map { (n, $0) } }).first
      else { return [unknown] }
      ids.append(id)
      rest = rest.dropFirst(length)
    }
    return ids
  }

  private static func lines(_ path: String) throws -> [[Unicode.Scalar]] {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(
        .missing, at: path, "there is no vocabulary", expected: "bert-base-uncased's vocab.txt, one token a line")
    }
    guard let text = String(data: try Data(contentsOf: URL(fileURLWithPath: path)), encoding: .utf8) else {
      throw Failure(.malformed, at: path, expected: "a text in UTF-8, one token a line", got: "other bytes")
    }
    // Compares Unicode scalars: text that looks alike is not the same token.
    var lines = text.unicodeScalars.filter { $0 != "\r" }.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map(Array.init)
  }
}
