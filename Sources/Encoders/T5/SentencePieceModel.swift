import Files
import Foundation
import Tensors

/// A spiece.model file: SentencePiece's protocol buffer `ModelProto`.
struct SentencePieceModel {
  private(set) var pieces = [(piece: String, score: Double)]()
  /// The ids of control tokens and of the unknown one.
  private(set) var special = [Int]()
  private(set) var unknown = 0
  private(set) var map: CharacterMap?
  private(set) var mapDigest = "no map"

  /// - Throws: `Failure` if the file is none, or holds another kind of model than Unigram.
  init(_ path: String) throws {
    func wrong(_ what: String) -> Failure {
      Failure(.malformed, at: path, what, expected: "a SentencePiece model of the kind Unigram")
    }
    let contents: Data
    do { contents = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw Failure(.io, at: path, "cannot read the file")
    }
    do {
      for field in try ProtocolBuffer.fields(of: contents) where 1...3 ~= field.number {
        let inner = try field.bytes.map(ProtocolBuffer.fields) ?? []
        switch field.number {
        case 1: add(inner)
        case 2:
          guard inner.last(where: { $0.number == 3 })?.varint ?? 1 == 1 else {
            throw wrong("it holds a model of another kind")
          }
          guard inner.last(where: { $0.number == 24 })?.varint ?? 0 == 0 else {
            throw wrong("it marks the ends of words, not their beginnings")
          }
        case 3:
          guard let table = inner.last(where: { $0.number == 2 })?.bytes, !table.isEmpty else { continue }
          map = CharacterMap(table)
          mapDigest = hash(table.base64EncodedString())
          guard map != nil else { throw wrong("its table of characters is damaged") }
        default: break
        }
      }
    } catch is ProtocolBuffer.Malformed {
      throw wrong("the file is damaged or cut short")
    }
    guard !pieces.isEmpty else { throw wrong("it holds no pieces") }
  }

  private mutating func add(_ fields: [ProtocolBuffer.Field]) {
    var (piece, score, kind) = ("", 0.0, UInt64(1))
    for field in fields {
      switch field.number {
      case 1: piece = String(decoding: field.bytes ?? Data(), as: UTF8.self)
      case 2: score = Double(field.float ?? 0)
      case 3: kind = field.varint ?? 1
      default: break
      }
    }
    if kind == 2 { unknown = pieces.count }
    if kind == 2 || kind == 3 { special.append(pieces.count) }
    pieces.append((piece, score))
  }
}
