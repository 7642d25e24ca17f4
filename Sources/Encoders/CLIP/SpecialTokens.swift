import Files
import Foundation
import Tensors

/// The tokens that a tokenizer's config names or adds, with their ids.
///
/// Read as in transformers: `added_tokens_decoder` defines how each is matched. If it is absent,
/// special_tokens_map.json decides about the named tokens, and tokenizer.json lists the others.
struct SpecialTokens {
  private(set) var added = [AddedToken]()
  private var named = [String: Int]()
  /// The number of tokens, first in `added`, that are not only named.
  private var listedCount = 0
  private let path: String

  private static let names = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]
  /// CLIPTokenizer's defaults, if the config has none.
  private static let defaults: [String: JSONValue] = [
    "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
    "pad_token": "<|endoftext|>",
  ]

  init(_ folder: String, _ config: ModelConfig, _ table: TokenizerTable) throws {
    path = config.path
    config.ignores("added_tokens_decoder")
    for name in Self.names { config.ignores(name) }
    var values = Self.defaults.merging(config.values.filter { !$0.value.isNull }) { $1 }

    if let listed = values["added_tokens_decoder"] {
      for (id, token) in try Self.ordered(listed, config) { try add(token, listedAs: id, isSpecial: false, table) }
    } else {
      let map = "\(folder)/special_tokens_map.json"
      if FileManager.default.fileExists(atPath: map) {
        values.merge(try ModelConfig(map).values.filter { !$0.value.isNull }.mapValues(Self.special)) { $1 }
      }
      for token in table.added {
        guard case .integer(let id)? = token["id"] else {
          throw Failure(.malformed, at: table.vocabularyPath, "an added token has no id", got: token.description)
        }
        try add(token, listedAs: id, isSpecial: false, table)
      }
    }
    listedCount = added.count
    for name in Self.names {
      guard let value = values[name] else { continue }
      named[name] = try add(value, listedAs: nil, isSpecial: value.string != nil, table)
    }
  }

  /// The id of a token in `defaults`, which always exists.
  func id(_ name: String) -> Int { named[name] ?? 0 }

  /// Ids and tokens of `added_tokens_decoder`, in the order of ids.
  private static func ordered(_ listed: JSONValue, _ config: ModelConfig) throws -> [(Int, JSONValue)] {
    guard case .object(let tokens) = listed else {
      throw config.wrong("added_tokens_decoder", expected: "an object", got: listed.description)
    }
    return try tokens.map { key, token in
      guard let id = Int(key) else {
        throw config.wrong("added_tokens_decoder", expected: "ids as keys", got: "'\(key)'")
      }
      return (id, token)
    }.sorted { $0.0 < $1.0 }
  }

  /// Tokens that special_tokens_map.json names are special, whatever their own entries say.
  private static func special(_ token: JSONValue) -> JSONValue {
    guard case .object(var values) = token else { return token }
    values["special"] = true
    return .object(values)
  }

  /// Adds a token. A listed token stays as it is; for a named one, the last entry wins.
  ///
  /// - Parameter isSpecial: whether it counts as special if its entry does not define that.
  @discardableResult
  private mutating func add(
    _ value: JSONValue, listedAs listed: Int?, isSpecial: Bool, _ table: TokenizerTable
  ) throws -> Int {
    guard let content = value.string ?? value["content"]?.string, !content.isEmpty else {
      throw Failure(.malformed, at: path, expected: "a special token with its content", got: value.description)
    }
    let scalars = Array(content.unicodeScalars)
    let known = added.firstIndex { $0.content == scalars }
    if let known, known < listedCount { return added[known].id }
    let next = max(table.vocabulary.count, (added.map(\.id).max() ?? -1) + 1)
    let id = known.map { added[$0].id } ?? table.vocabulary[content] ?? next
    if let listed, listed != id {
      throw Failure(
        .malformed, at: "\(path): added_tokens_decoder", "'\(content)' is listed as \(listed)", expected: "\(id)",
        advice: "The config and the vocabulary belong to different tokenizers.")
    }
    func flag(_ name: String, _ defaultValue: Bool) -> Bool {
      if case .boolean(let flag)? = value[name] { flag } else { defaultValue }
    }
    let token = AddedToken(
      content: scalars, id: id, isSingleWord: flag("single_word", false),
      isNormalized: flag("normalized", !flag("special", isSpecial)))
    if let known { added[known] = token } else { added.append(token) }
    return id
  }
}
