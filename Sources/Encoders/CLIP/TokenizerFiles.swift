import Files
import Foundation
import Tensors

/// A tokenizer's folder in transformers' layout, read and checked.
struct TokenizerFiles {
  let encoding: BytePairEncoding
  let added: [AddedToken]
  let length: Int
  let start: Int
  let end: Int
  let pad: Int
  /// A hash of all values here, independent of the files' format.
  let digest: String

  init(_ folder: String) throws {
    let config = try ModelConfig("\(folder)/tokenizer_config.json")
    let table = try TokenizerTable(folder)
    let tokens = try SpecialTokens(folder, config, table)
    length = try config.integer("model_max_length")
    guard 2...65_536 ~= length else {
      throw config.wrong("model_max_length", expected: "2 (a start and an end) to 65536", got: "\(length)")
    }
    try Self.refuseOthers(config)

    added = tokens.added
    (start, end, pad) = (tokens.id("bos_token"), tokens.id("eos_token"), tokens.id("pad_token"))
    let parts = [
      ["\(length) \(start) \(end) \(pad) \(tokens.id("unk_token"))"],
      table.vocabulary.map { "\($0) \($1)" }.sorted(), table.merges.map { "\($0) \($1)" },
      added.map { "\($0)" }.sorted(),
    ]
    digest = hash(parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n"))
    do throws(BytePairEncoding.UnknownToken) {
      encoding = try BytePairEncoding(
        vocabulary: table.vocabulary, merges: table.merges, unknown: tokens.id("unk_token"))
    } catch {
      throw Failure(
        .malformed, at: table.mergesPath, "merge \(error.rank + 1) makes or needs '\(error.token)'",
        expected: "only tokens of \(table.vocabularyPath)",
        advice: "The two files belong to different tokenizers; copy or download both again.")
    }
  }

  /// Refuses settings that would change the ids, and ignores those that would not.
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
