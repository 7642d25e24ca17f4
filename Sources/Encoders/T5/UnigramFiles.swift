import Files
import Foundation
import Tensors

/// A Unigram tokenizer's files, read and checked: tokenizer.json, or SentencePiece's spiece.model if there is none.
struct UnigramFiles {
  var pieces: [(piece: String, score: Double)]
  var unknown: Int
  var normalizations: [TextNormalization]
  var metaspace = Metaspace()
  var added: [AddedToken]
  /// The name of the token that ends a text.
  var end = "</s>"
  /// What the normalizations follow from, for a digest.
  var normalizer = ""
  /// The file.
  let path: String

  init(_ folder: String) throws {
    let (json, model) = ("\(folder)/tokenizer.json", "\(folder)/spiece.model")
    if FileManager.default.fileExists(atPath: json) {
      try self.init(json: json)
    } else if FileManager.default.fileExists(atPath: model) {
      try self.init(model: model)
    } else {
      throw Failure(
        .missing, at: folder, "the tokenizer has no file", expected: "tokenizer.json or spiece.model",
        advice: "Copy or download the model's tokenizer folder again.")
    }
    guard pieces.indices.contains(unknown) else {
      throw Failure(
        .malformed, at: path, "the id of the unknown token", expected: "0 to \(pieces.count - 1)", got: "\(unknown)")
    }
  }

  // MARK: tokenizer.json

  private struct Contents: Decodable {
    struct Piece: Decodable {
      let piece: String
      let score: Double
      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        (piece, score) = (try values.decode(String.self), try values.decode(Double.self))
      }
    }
    struct Model: Decodable {
      let type: String
      let unknown: Int?
      let vocab: [Piece]
      let spellsBytes: Bool?
      enum CodingKeys: String, CodingKey {
        case type, vocab
        case unknown = "unk_id"
        case spellsBytes = "byte_fallback"
      }
    }
    let model: Model
    let normalizer: JSONValue?
    let splitting: JSONValue?
    let template: JSONValue?
    let added: [JSONValue]?
    enum CodingKeys: String, CodingKey {
      case model, normalizer
      case splitting = "pre_tokenizer"
      case template = "post_processor"
      case added = "added_tokens"
    }
  }

  private init(json path: String) throws {
    let contents: Contents
    do { contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: URL(fileURLWithPath: path))) } catch
    {
      throw Failure(.malformed, at: path, expected: "a tokenizer with a Unigram model", got: "something else")
    }
    guard contents.model.type == "Unigram", contents.model.spellsBytes != true, let unknown = contents.model.unknown
    else {
      throw Failure(
        .malformed, at: "\(path): model", expected: "a Unigram model with an unknown token and without bytes",
        got: contents.model.type)
    }
    self.path = path
    self.unknown = unknown
    pieces = contents.model.vocab.map { ($0.piece, $0.score) }
    normalizations = try TextNormalization.reading(contents.normalizer, path)
    normalizer = contents.normalizer?.description ?? ""
    metaspace = try Self.metaspace(contents.splitting, path)
    added = try (contents.added ?? []).map { try Self.added($0, path) }
    guard case .array(let parts)? = contents.template?["single"], parts.count == 2, parts[0]["Sequence"] != nil,
      let end = parts[1]["SpecialToken"]?["id"]?.string
    else {
      throw Failure(
        .malformed, at: "\(path): post_processor", expected: "the text and a token that ends it",
        got: (contents.template ?? .null).description.prefix(200).description)
    }
    self.end = end
  }

  private static func metaspace(_ value: JSONValue?, _ path: String) throws -> Metaspace {
    var metaspace = Metaspace()
    var value = value
    if case .array(let parts)? = value?["pretokenizers"], parts.count == 2,
      parts[0]["type"]?.string == "WhitespaceSplit"
    {
      metaspace.splitsAtWhiteSpace = true
      value = parts[1]
    }
    guard let value, value["type"]?.string == "Metaspace",
      let mark = value["replacement"]?.string?.unicodeScalars.first
    else {
      throw Failure(
        .malformed, at: "\(path): pre_tokenizer", expected: "Metaspace, or WhitespaceSplit and Metaspace",
        got: (value ?? .null).description.prefix(200).description)
    }
    metaspace.mark = mark
    // Older files say add_prefix_space.
    let plain = value["add_prefix_space"] == false ? "never" : "always"
    let scheme = value["prepend_scheme"]?.string ?? plain
    guard let prepending = Metaspace.Prepending(rawValue: scheme) else {
      throw Failure(
        .malformed, at: "\(path): pre_tokenizer: prepend_scheme", expected: "always, first or never", got: scheme)
    }
    metaspace.prepending = prepending
    metaspace.splits = value["split"] != false
    return metaspace
  }

  private static func added(_ value: JSONValue, _ path: String) throws -> AddedToken {
    guard let content = value["content"]?.string, !content.isEmpty, case .integer(let id)? = value["id"] else {
      throw Failure(
        .malformed, at: "\(path): added_tokens", expected: "tokens with content and id", got: value.description)
    }
    return AddedToken(
      content: Array(content.unicodeScalars), id: id, isSingleWord: value["single_word"] == true,
      isNormalized: value["normalized"] == true, stripsLeft: value["lstrip"] == true,
      stripsRight: value["rstrip"] == true)
  }

  // MARK: spiece.model

  /// As transformers turns a SentencePiece model into a fast tokenizer, which spells nothing in bytes.
  private init(model path: String) throws {
    self.path = path
    let model = try SentencePieceModel(path)
    let pieces = model.pieces
    (self.pieces, unknown) = (pieces, model.unknown)
    normalizations = (model.map.map { [.map($0)] } ?? []) + [.runs(of: " ", count: 2, with: [" "])]
    normalizer = "\(model.mapDigest), blanks"
    // What the model marks as control or unknown is matched as a whole.
    added = model.special.map { AddedToken(content: Array(pieces[$0].piece.unicodeScalars), id: $0) }
  }
}
