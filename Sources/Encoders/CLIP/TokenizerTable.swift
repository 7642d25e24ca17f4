import Files
import Foundation
import Tensors

/// Vocabulary and merges: from vocab.json and merges.txt, or both from tokenizer.json if those do not exist.
struct TokenizerTable {
  var vocabulary: [String: Int]
  var merges: [(String, String)]
  var vocabularyPath: String
  var mergesPath: String
  /// All added tokens in tokenizer.json, of any kind.
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
      try checkIDs()
      return
    }
    vocabulary = try Self.decoded([String: Int].self, vocabularyPath, "a JSON object of tokens and their ids")
    merges = []
    let lines = try Self.contents(mergesPath).split(separator: UInt8(ascii: "\n"))
    for (index, line) in lines.enumerated() where !line.starts(with: Array("#version".utf8)) {
      let words = (line.last == UInt8(ascii: "\r") ? line.dropLast() : line).split(separator: UInt8(ascii: " "))
      merges.append(try Self.pair(words.map { String(decoding: $0, as: UTF8.self) }, at: mergesPath, index + 1))
    }
    try checkIDs()
  }

  private func checkIDs() throws {
    guard let (token, id) = vocabulary.first(where: { !(0..<1 << 31 ~= $0.value) }) else { return }
    throw Failure(.malformed, at: vocabularyPath, "the id of '\(token)'", expected: "0 to 2³¹ - 1", got: "\(id)")
  }

  private static func pair(_ words: [String], at path: String, _ number: Int) throws -> (String, String) {
    guard words.count == 2 else {
      throw Failure(
        .malformed, at: "\(path):\(number)", expected: "a merge of two tokens",
        got: "'\(words.joined(separator: " ").prefix(40))'")
    }
    return (words[0], words[1])
  }

  private static func contents(_ path: String) throws -> Data {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(
        .missing, at: path, "the tokenizer has no such file", expected: "vocab.json and merges.txt, or tokenizer.json",
        advice: "Copy or download the model's tokenizer folder again.")
    }
    do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw Failure(.io, at: path, "cannot read the file")
    }
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ path: String, _ expected: String) throws -> Value
  {
    let data = try contents(path)
    do { return try JSONDecoder().decode(type, from: data) } catch {
      throw Failure(.malformed, at: path, "not \(expected)", advice: "Copy or download it again.")
    }
  }
}

/// The required parts of tokenizer.json, the format of the tokenizers library.
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

  /// "a b", as in older versions, or ["a", "b"].
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
      throw Failure(
        .malformed, at: "\(path): model", expected: "BPE with the suffix \(BytePairEncoding.endOfWord), as CLIP has it",
        got: "\(model.type) with \(model.endOfWord.map { "'\($0)'" } ?? "none")")
    }
  }
}
