import Foundation
import Storage

/// A tokenizer's folder in transformers' layout, read and checked.
struct TokenizerFiles {
  let encoding: BytePairEncoding
  let added: [AddedToken]
  let length: Int
  let start: Int
  let end: Int
  let pad: Int

  init(_ folder: String) throws {
    let config = try ModelConfig("\(folder)/tokenizer_config.json")
    let table = try TokenizerTable(folder)
    let tokens = try SpecialTokens(folder, config, table)
    length = try config.integer("model_max_length")
    guard length >= 2 else {
      throw config.wrong("model_max_length", expected: "at least 2: a start and an end", got: "\(length)")
    }
    try Self.refuseOthers(config)

    added = tokens.added
    (start, end, pad) = (tokens.id("bos_token"), tokens.id("eos_token"), tokens.id("pad_token"))
    do throws(BytePairEncoding.UnknownToken) {
      encoding = try BytePairEncoding(
        vocabulary: table.vocabulary, merges: table.merges, unknown: tokens.id("unk_token"))
    } catch {
      throw StorageError(
        .malformed, at: table.mergesPath, "merge \(error.rank + 1) makes or needs '\(error.token)'",
        expected: "only tokens of \(table.vocabularyPath)",
        advice: "The two files belong to different tokenizers; copy or download both again.")
    }
  }

  /// What would change the ids, and what does not.
  private static func refuseOthers(_ config: ModelConfig) throws {
    try config.accepts("tokenizer_class", "CLIPTokenizer", "CLIPTokenizerFast")
    try config.accepts("padding_side", "right")
    try config.accepts("truncation_side", "right")
    try config.accepts("split_special_tokens", false)
    try config.accepts("add_prefix_space", false)
    try config.accepts("do_lower_case", true)
    try config.accepts("extra_special_tokens", [], .object([:]))
    try config.accepts("additional_special_tokens", [])
    config.ignores(
      "clean_up_tokenization_spaces", "errors", "name_or_path", "special_tokens_map_file", "tokenizer_file", "backend",
      "is_local", "local_files_only", "model_input_names", "processor_class", "max_length", "stride",
      "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id", "use_fast", "auto_map", "chat_template")
    try config.finish()
  }
}

/// Vocabulary and merges: vocab.json and merges.txt, or both out of tokenizer.json where only that is there.
struct TokenizerTable {
  var vocabulary: [String: Int]
  var merges: [(String, String)]
  var vocabularyPath: String
  var mergesPath: String
  /// Those that tokenizer.json lists, of any kind.
  var added: [JSONValue] = []

  init(_ folder: String) throws {
    let single = "\(folder)/tokenizer.json"
    vocabularyPath = "\(folder)/vocab.json"
    mergesPath = "\(folder)/merges.txt"
    let files = FileManager.default
    guard files.fileExists(atPath: vocabularyPath) || !files.fileExists(atPath: single) else {
      (vocabularyPath, mergesPath) = (single, single)
      let file = try Self.decoded(TokenizerJSON.self, single, "a tokenizer with a byte-pair model")
      try file.check(single)
      vocabulary = file.model.vocab
      merges = try file.model.merges.enumerated().map { try Self.pair($1.words, at: single, $0 + 1) }
      added = file.addedTokens
      return
    }
    vocabulary = try Self.decoded([String: Int].self, vocabularyPath, "a JSON object of tokens and their ids")
    let lines = try Self.contents(mergesPath).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
    merges = []
    for (index, line) in lines.enumerated() where !line.starts(with: Array("#version".utf8)) {
      let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      merges.append(try Self.pair(parts.map { String(decoding: $0, as: UTF8.self) }, at: mergesPath, index + 1))
    }
  }

  private static func pair(_ words: [String], at path: String, _ number: Int) throws -> (String, String) {
    guard words.count == 2 else {
      throw StorageError(
        .malformed, at: "\(path):\(number)", expected: "a merge of two tokens",
        got: "'\(words.joined(separator: " ").prefix(40))'")
    }
    return (words[0], words[1])
  }

  private static func contents(_ path: String) throws -> Data {
    guard FileManager.default.fileExists(atPath: path) else {
      throw StorageError(
        .missing, at: path, "the tokenizer has no such file", expected: "vocab.json and merges.txt, or tokenizer.json",
        advice: "Copy or download the model's tokenizer folder again.")
    }
    do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw StorageError(.io, at: path, "cannot read the file")
    }
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ path: String, _ expected: String) throws -> Value
  {
    let data = try contents(path)
    do { return try JSONDecoder().decode(type, from: data) } catch {
      throw StorageError(.malformed, at: path, "not \(expected)", advice: "Copy or download it again.")
    }
  }
}

/// What is read of tokenizer.json, the tokenizers library's own format.
private struct TokenizerJSON: Decodable {
  struct Model: Decodable {
    var type: String
    var vocab: [String: Int]
    var merges: [MergeWords]
    var endOfWord: String?

    enum CodingKeys: String, CodingKey {
      case type, vocab, merges
      case endOfWord = "end_of_word_suffix"
    }
  }

  /// "a b", as older versions wrote it, or ["a", "b"].
  struct MergeWords: Decodable {
    var words: [String]

    init(from decoder: any Decoder) throws {
      if var list = try? decoder.unkeyedContainer() {
        words = []
        while !list.isAtEnd { words.append(try list.decode(String.self)) }
      } else {
        words = try decoder.singleValueContainer().decode(String.self).split(separator: " ").map(String.init)
      }
    }
  }

  var model: Model
  var addedTokens: [JSONValue]

  enum CodingKeys: String, CodingKey {
    case model
    case addedTokens = "added_tokens"
  }

  func check(_ path: String) throws {
    guard model.type == "BPE", model.endOfWord == BytePairEncoding.endOfWord else {
      throw StorageError(
        .malformed, at: "\(path): model", expected: "BPE with the suffix \(BytePairEncoding.endOfWord), as CLIP has it",
        got: "\(model.type) with \(model.endOfWord.map { "'\($0)'" } ?? "none")")
    }
  }
}
