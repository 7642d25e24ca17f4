import Encoders
import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Encoders

@Suite("UMT5")
struct UMT5Tests {
  private static let folder = "\(WanFixture.folder)/text-encoder"

  private func encoder(_ dtype: DType = .float32) throws -> UMT5Encoder {
    try UMT5Encoder.open(
      Weights.open(folder: Self.folder, stem: "model"),
      UMT5Configuration(ModelConfig("\(Self.folder)/config.json")), dtype: dtype)
  }

  @Test func `Hidden states are transformers', at every distance between tokens`() throws {
    let fixture = try WanFixture("text-encoder")
    let encoder = try encoder()
    let (ids, output) = (try fixture.tensor("ids"), try fixture.tensor("output"))
    for (row, length) in [20, 11, 1].enumerated() {
      let made = try noGrad { try encoder(ids.rows(row..<row + 1).sliced(1, to: length)) }
      #expect(try error(of: made, output.rows(row..<row + 1).sliced(1, to: length)) < 1e-4)
    }
    let made = try noGrad { try encoder(fixture.tensor("ids-long")) }
    #expect(try error(of: made, fixture.tensor("output-long")) < 1e-4)
    let rough = try noGrad { try self.encoder(.bfloat16)(fixture.tensor("ids-long")) }
    #expect(rough.dtype == .bfloat16)
    let rounding = try error(of: rough.to(.float32), fixture.tensor("output-long"))
    // 0.04 or 0.07: kernels round differently from CPU to CPU.
    #expect(rounding < 0.1)
  }

  @Test func `Distances fall into T5's classes`() throws {
    let encoder = try UMT5Encoder(
      ParameterStore(.shapes).root, UMT5Configuration(ModelConfig("\(WanFixture.folder)/umt5-xxl/config.json")))
    let distances = [-200, -128, -127, -64, -16, -9, -8, -7, -1, 0, 1, 7, 8, 9, 16, 64, 127, 128, 200]
    let classes = [15, 15, 15, 14, 10, 8, 8, 7, 1, 0, 17, 23, 24, 24, 26, 30, 31, 31, 31]
    #expect(distances.map(encoder.bucket) == classes)
  }

  @Test func `UMT5-XXL has transformers' parameters`() throws {
    let configuration = try UMT5Configuration(ModelConfig("\(WanFixture.folder)/umt5-xxl/config.json"))
    let store = ParameterStore(.shapes)
    _ = try UMT5Encoder(store.root, configuration)
    let made = Set(store.all.map { "\($0.name)\t\($0.value.shape)" })
    let expected = Set(try WanFixture.lines("text-encoder.names.gz").filter { !$0.contains("embed_tokens") })
    #expect(made == expected)
    #expect(store.count == 5_680_910_336)
  }
}

@Suite("Unigram tokenizer")
struct UnigramTokenizerTests {
  private struct Strings: Decodable {
    let texts: [String]
    let ids: [[Int]]
    let sentencepiece: [String: [Int]]
    let mapped: [String: [Int]]
  }

  private func strings() throws -> Strings {
    try JSONDecoder().decode(Strings.self, from: unzipped("\(WanFixture.folder)/tokenizer/strings.json.gz"))
  }

  /// A tokenizer with one of the fixtures' files.
  private func tokenizer(_ file: String, in folder: String, _ scratch: Scratch) throws -> UnigramTokenizer {
    let path = scratch.path("\(folder)-\(file)")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try AtomicFile.write(unzipped("\(WanFixture.folder)/\(folder)/\(file).gz"), to: "\(path)/\(file)")
    return try UnigramTokenizer(path)
  }

  @Test func `Ids are those of transformers' fast tokenizer, of all kinds of texts`() throws {
    let strings = try strings()
    let tokenizer = try tokenizer("tokenizer.json", in: "tokenizer", Scratch())
    #expect(strings.texts.count > 300)
    for (text, ids) in zip(strings.texts, strings.ids) {
      #expect(tokenizer.encode(text).ids == ids, "\(text.debugDescription)")
    }
  }

  @Test func `A map of characters is obeyed`() throws {
    let strings = try strings()
    let tokenizer = try tokenizer("tokenizer.json", in: "tokenizer-mapped", Scratch())
    #expect(strings.mapped.count > 10)
    for (index, text) in strings.texts.enumerated() {
      #expect(
        tokenizer.encode(text).ids == strings.mapped["\(index)"] ?? strings.ids[index], "\(text.debugDescription)")
    }
  }

  @Test func `SentencePiece's own file gives the same ids, but for added tokens`() throws {
    let strings = try strings()
    let scratch = try Scratch()
    let tokenizer = try tokenizer("spiece.model", in: "tokenizer", scratch)
    for (text, ids) in zip(strings.texts, strings.ids) where !text.contains("<extra_id_") {
      #expect(tokenizer.encode(text).ids == ids, "\(text.debugDescription)")
    }
  }

  @Test func `Words are marked at blanks, or at all white space in older files`() {
    func words(_ text: String, _ metaspace: Metaspace) -> [String] {
      metaspace.words(Array(text.unicodeScalars), isFirst: true).map { String(String.UnicodeScalarView($0)) }
    }
    var metaspace = Metaspace()
    #expect(words("a b\tc", metaspace) == ["\u{2581}a", "\u{2581}b\tc"])
    #expect(words("a  b ", metaspace) == ["\u{2581}a", "\u{2581}", "\u{2581}b", "\u{2581}"])
    metaspace.splitsAtWhiteSpace = true
    #expect(words(" a  b\tc ", metaspace) == ["\u{2581}a", "\u{2581}b", "\u{2581}c"])
    #expect(words("", metaspace).isEmpty)
    metaspace = Metaspace(prepending: .never, splits: false)
    #expect(words("a b", metaspace) == ["a\u{2581}b"])
  }

  @Test func `A long text is cut, and its end token stays`() throws {
    let tokenizer = try tokenizer("tokenizer.json", in: "tokenizer", Scratch())
    let whole = tokenizer.encode("a cat and a dog")
    let cut = tokenizer.encode("a cat and a dog", length: 4)
    #expect(cut.ids == whole.ids.prefix(3) + whole.ids.suffix(1))
    #expect(cut.cutCount == whole.ids.count - 4 && whole.cutCount == 0)
  }

  @Test func `A damaged spiece.model, another kind of model, and a missing file are told by name`() throws {
    let scratch = try Scratch()
    let folder = scratch.path("broken")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let missing = #expect(throws: Failure.self) { try UnigramTokenizer(folder) }
    #expect("\(try #require(missing))".contains("tokenizer.json or spiece.model"))
    let whole = try unzipped("\(WanFixture.folder)/tokenizer/spiece.model.gz")
    try AtomicFile.write(whole.prefix(whole.count - 7), to: "\(folder)/spiece.model")
    let damaged = #expect(throws: Failure.self) { try UnigramTokenizer(folder) }
    #expect("\(try #require(damaged))".contains("spiece.model: the file is damaged or cut short"))
    try AtomicFile.write(Data(#"{"model": {"type": "BPE", "vocab": []}}"#.utf8), to: "\(folder)/tokenizer.json")
    let other = #expect(throws: Failure.self) { try UnigramTokenizer(folder) }
    #expect("\(try #require(other))".contains("expected a Unigram model"))
  }
}
