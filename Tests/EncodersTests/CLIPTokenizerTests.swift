import Foundation
import TestSupport
import Testing

@testable import Encoders
@testable import Files

/// The output of transformers for the texts, see make_tokenizer.py.
private struct Fixture: Decodable {
  struct Kind: Decodable {
    /// The files besides vocab.json and merges.txt.
    var files: [String: JSONValue]
    var pad: Int
    var length: Int
    /// The ids without the padding at the end.
    var ids: [[Int]]
    var cut: [Int]
  }

  var texts: [String]
  var kinds: [String: Kind]

  static let shared = Result {
    try JSONDecoder().decode(Fixture.self, from: unzipped("\(fixtures)/tokenizer.json.gz"))
  }

  /// CLIP's own merges, and the vocabulary that follows from them.
  static let table = Result {
    let merges = String(decoding: try unzipped("\(fixtures)/merges.txt.gz"), as: UTF8.self)
    let plain = [33...126, 161...172, 174...255].flatMap { $0.map { String(Unicode.Scalar(UInt8($0))) } }
    let letters = plain + (0..<256 - plain.count).map { String(Unicode.Scalar(256 + UInt32($0))!) }
    let merged = merges.split(separator: "\n").dropFirst().map { $0.split(separator: " ").joined() }
    let tokens = letters + letters.map { $0 + "</w>" } + merged + ["<|startoftext|>", "<|endoftext|>"]
    let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    return (merges: merges, vocabulary: String(decoding: try JSONEncoder().encode(vocabulary), as: UTF8.self))
  }

  static let tokenizers = Result {
    try shared.get().kinds.keys.reduce(into: [String: CLIPTokenizer]()) { $0[$1] = try tokenizer($1) }
  }

  /// Writes a folder in transformers' layout and opens it.
  private static func tokenizer(_ kind: String) throws -> CLIPTokenizer {
    let scratch = try Scratch()
    let table = try table.get()
    try scratch.write(table.merges, to: "merges.txt")
    try scratch.write(table.vocabulary, to: "vocab.json")
    for (name, content) in try shared.get().kinds[kind]!.files { try scratch.write(content, to: name) }
    return try withExtendedLifetime(scratch) { try CLIPTokenizer(scratch.folder) }
  }
}

@Suite struct CLIPTokenizerTests {
  @Test(arguments: ["first", "second", "older", "odd"])
  func `Hundreds of texts become the ids that transformers makes of them`(name: String) throws {
    let fixture = try Fixture.shared.get()
    let kind = fixture.kinds[name]!
    let tokenizer = try Fixture.tokenizers.get()[name]!
    #expect(tokenizer.length == kind.length)
    #expect(fixture.texts.count >= 500)
    for (index, text) in fixture.texts.enumerated() {
      let tokens: CLIPTokenizer.Tokens = tokenizer.encode(text)
      let padding = Array(repeating: kind.pad, count: kind.length - kind.ids[index].count)
      #expect(tokens.ids == kind.ids[index] + padding, "\(text.debugDescription)")
      #expect(tokens.cutCount == kind.cut[index], "\(text.debugDescription)")
    }
  }

  @Test func `An exclamation mark is the second tokenizer's padding`() throws {
    let ids = try Fixture.tokenizers.get()["second"]!.encode("! !! !!!").ids
    #expect(ids.prefix(9) == [49406, 0, 0, 0, 0, 0, 0, 49407, 0])
  }

  @Test func `Texts are encoded together, and those that are cut are counted`() throws {
    let tokenizer = try Fixture.tokenizers.get()["first"]!
    let (ids, cut) = try tokenizer.encode(["a cat", String(repeating: "the ", count: 80)])
    #expect(ids.shape == [2, 77])
    #expect(ids.dtype == .int64)
    #expect(cut == [0, 5])
    #expect(tokenizer.largestID == 49407)
  }

  @Test func `A tokenizer.json alone is enough`() throws {
    let scratch = try Scratch()
    try scratch.write(
      #"""
      {"added_tokens": [
         {"id": 6, "content": "<|startoftext|>", "normalized": false, "special": true},
         {"id": 7, "content": "<|endoftext|>", "normalized": false, "special": true},
         {"id": 8, "content": "<new>", "normalized": false, "special": true}],
       "model": {"type": "BPE", "end_of_word_suffix": "</w>",
         "vocab": {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab</w>": 4, "aab</w>": 5, "<|startoftext|>": 6,
                   "<|endoftext|>": 7},
         "merges": ["a b</w>", ["a", "ab</w>"]]}}
      """#, to: "tokenizer.json")
    try scratch.write(#"{"model_max_length": 8, "tokenizer_class": "CLIPTokenizer"}"#, to: "tokenizer_config.json")
    let tokenizer = try CLIPTokenizer(scratch.folder)
    #expect(tokenizer.encode("AAB b<new>").ids == [6, 5, 3, 8, 7, 7, 7, 7])
    // Symbols that the vocabulary lacks become the unknown token, which is CLIP's end token.
    #expect(tokenizer.encode("xb").ids == [6, 7, 3, 7, 7, 7, 7, 7])
  }

  @Test func `The error says what is wrong with a folder`() throws {
    let config: [String: JSONValue] = ["model_max_length": 5, "tokenizer_class": "CLIPTokenizer"]
    let scratch = try Scratch()
    func refusal() -> String { words { _ = try CLIPTokenizer(scratch.folder) } }
    func expect(_ expected: String..., location: SourceLocation = #_sourceLocation) {
      let words = refusal()
      for word in expected { #expect(words.contains(word), "\(words)", sourceLocation: location) }
    }
    expect("tokenizer_config.json", "no such file")
    try scratch.write(JSONValue.object(config), to: "tokenizer_config.json")
    expect("vocab.json", "no such file", "tokenizer.json")
    try scratch.write(#"{"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4}"#, to: "vocab.json")
    expect("merges.txt", "no such file")
    try scratch.write("#version: 0.2\na b</w>\n", to: "merges.txt")
    #expect(refusal() == "")
    try scratch.write("#version: 0.2\r\na b</w>\r\n", to: "merges.txt")
    #expect(refusal() == "")

    try scratch.write("#version: 0.2\na b</w>\na c</w>\n", to: "merges.txt")
    expect("merges.txt", "merge 2", "'c</w>'")
    try scratch.write("#version: 0.2\na b</w>\nab\n", to: "merges.txt")
    expect("merges.txt:3", "a merge of two tokens", "'ab'")
    try scratch.write("#version: 0.2\na b</w>\n", to: "merges.txt")

    let refused: [(String, JSONValue, [String])] = [
      ("padding_side", "left", ["padding_side", "\"right\"", "\"left\""]),
      ("surprise", 1, ["surprise", "not known"]),
      ("model_max_length", 1, ["model_max_length", "2 (a start and an end)"]),
      ("model_max_length", 1e30, ["model_max_length", "an integer"]),
      ("model_max_length", 1_000_000_000_000, ["to 65536", "got 1000000000000"]),
      ("added_tokens_decoder", ["one": "a"], ["ids as keys", "'one'"]),
      ("added_tokens_decoder", 3, ["added_tokens_decoder: expected an object, got 3"]),
      ("tokenizer_class", "T5Tokenizer", ["tokenizer_class", "T5Tokenizer"]),
      ("pad_token", 3, ["a special token with its content", "3"]),
      ("added_tokens_decoder", ["7": ["content": "a"]], ["'a' is listed as 7", "expected 0"]),
    ]
    for (key, value, expected) in refused {
      try scratch.write(JSONValue.object(config.merging([key: value]) { $1 }), to: "tokenizer_config.json")
      let words = refusal()
      for word in expected { #expect(words.contains(word), "\(key): \(words)") }
    }
    try scratch.write(JSONValue.object(config), to: "tokenizer_config.json")
    try scratch.write(#"{"a": 0, "b</w>": 1, "ab</w>": 4294967296}"#, to: "vocab.json")
    expect("vocab.json", "the id of 'ab</w>'", "2³¹ - 1")
    try scratch.write(#"{"a": "b"}"#, to: "vocab.json")
    expect("vocab.json", "not a JSON object of tokens and their ids")
    try scratch.remove("vocab.json")
    try scratch.write(
      #"{"added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}"#, to: "tokenizer.json")
    expect("tokenizer.json", "BPE with the suffix </w>", "got BPE with none")
    try scratch.write("{", to: "tokenizer.json")
    expect("tokenizer.json", "not a tokenizer with a byte-pair model")
  }
}
