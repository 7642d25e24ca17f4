import Encoders
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ImageReward

@Suite struct WordPieceTokenizerTests {
  private struct Recorded: Decodable {
    var texts: [String]
    var ids: [[Int]]
  }

  private static let vocabulary = "\(imageReward)/vocab.txt"

  @Test func `Ids and masks are those of transformers' BertTokenizer, whatever the text`() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(imageReward)/tokens.json"))
    let recorded = try JSONDecoder().decode(Recorded.self, from: data)
    let tokenizer = try WordPieceTokenizer(Self.vocabulary, adding: ["[DEC]", "[ENC]"])
    #expect(tokenizer.count == 202)
    let (ids, mask) = try tokenizer.encode(recorded.texts, length: 35)
    #expect(mask.dtype == .bool && mask.shape == [recorded.texts.count, 35])
    for (index, text) in recorded.texts.enumerated() {
      let expected = recorded.ids[index]
      let padding = 35 - expected.count
      #expect(
        try ids[.at(index)].doubles().map { Int($0) } == expected + Array(repeating: 0, count: padding), "\(text)")
      #expect(
        try mask[.at(index)].doubles()
          == Array(repeating: 1, count: expected.count) + Array(repeating: 0, count: padding), "\(text)")
    }
  }

  @Test func `Ids of added tokens are the file's where it has them`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("[PAD]\r\n[UNK]\r\n[CLS]\r\n[DEC]\r\n[SEP]\r\n[MASK]\r\na\r\n", to: "vocab.txt")
    let tokenizer = try WordPieceTokenizer(path, adding: ["[DEC]", "[ENC]"])
    #expect(tokenizer.count == 8)
    #expect(try tokenizer.encode(["[DEC]a[ENC]"], length: 6).ids.doubles() == [2, 3, 6, 7, 4, 0])
  }

  @Test func `A vocabulary that is not there, is no text, or lacks a special token is refused with its name`() throws {
    let scratch = try Scratch()
    func refused(_ path: String) -> String { words { _ = try WordPieceTokenizer(path, adding: []) } }
    let missing = refused("\(scratch.folder)/vocab.txt")
    #expect(missing.contains("vocab.txt: there is no vocabulary; expected bert-base-uncased's vocab.txt"), "\(missing)")
    let cased = refused(try scratch.write("[PAD]\n[UNK]\n[SEP]\n[MASK]\nthe\n", to: "tokens.txt"))
    #expect(cased.contains("tokens.txt: the vocabulary has no token [CLS]"), "\(cased)")
    #expect(cased.contains("got 5 lines"), "\(cased)")
    #expect(refused(try scratch.write("", to: "empty.txt")).contains("has no token [PAD]"))
    let torch = refused("\(imageReward)/tiny.pt")
    #expect(torch.contains("tiny.pt: expected a text in UTF-8, one token a line, got other bytes"), "\(torch)")
  }
}
