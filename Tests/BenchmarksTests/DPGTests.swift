import Foundation
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Files
@testable import Media

private let fixtures = ScorerFixture.folder + "/dpg"

@Suite struct DPGTests {
  private static func scores(_ name: String) throws -> [BenchmarkScore] {
    let questions = try DPGQuestions("\(fixtures)/\(name).csv")
    return try DPGScores(DPGBenchmark("\(fixtures)/prompts"), questions)(
      DPGAnswers("\(fixtures)/\(name)_detail.txt", to: questions))
  }

  @Test(arguments: ["questions", "repeated"])
  func `Scores from answers are the official scorer's`(name: String) throws {
    let made = try Self.scores(name)
    let report = try DPGReport("\(fixtures)/\(name).txt").scores(of: 7)
    #expect(Set(made.map(\.name)) == Set(report.map(\.name)))
    for official in report {
      let score = try #require(made.first { $0.name == official.name })
      #expect((score.value - official.value).magnitude < 1e-9, "\(official.name)")
    }
    let total = try #require(made.last)
    #expect(total.interval == report.last?.interval)
    let warning = try #require(total.warning)
    if name == "questions" {
      #expect(warning.hasPrefix("1 of 7 images are left out, as the official scorer does"))
      #expect(report.last?.warning == "6 images were scored, not 7")
    } else {
      #expect(warning.contains("of their item and number: 1") && warning.contains("questions count: 1"))
      #expect(report.last?.warning == nil)
    }
  }

  @Test func `Tiles' scores are those of the official lines`() throws {
    let questions = try DPGQuestions("\(fixtures)/repeated.csv")
    let answers = try DPGAnswers("\(fixtures)/repeated_detail.txt", to: questions)
    let scores = try DPGScores(DPGBenchmark("\(fixtures)/prompts"), questions)
    let lines = try TextFile("\(fixtures)/repeated.txt").lines.filter { $0.text.hasPrefix("images/") }
    #expect(lines.count == 7)
    for line in lines {
      let parts = line.text.split(separator: ", ")
      let scored = try #require(try scores.scored(DPGBenchmark.itemName(parts[0]), answers))
      let official = try parts.dropFirst().map { try #require(Double($0)) }
      for (made, official) in zip(scored.tiles + [scored.score], official) {
        #expect((made - official).magnitude < 1e-12, "\(line.text)")
      }
    }
  }

  @Test func `Answers as JSON lines give the same scores as the scorer's details`() throws {
    let scratch = try Scratch()
    let questions = try DPGQuestions("\(fixtures)/repeated.csv")
    let details = try DPGAnswers("\(fixtures)/repeated_detail.txt", to: questions)
    var lines = [String]()
    for (item, asked) in questions.items {
      for tile in 0..<4 {
        let words = asked.map {
          "\"\($0.number)\": \"\(details.answer(to: $0.number, of: item, tile: tile) == true ? "yes" : "no")\""
        }
        lines.append(#"{"image": "\#(item).png", "tile": \#(tile), "answers": {\#(words.joined(separator: ", "))}}"#)
      }
    }
    let path = try scratch.write(lines.joined(separator: "\n"), to: "answers.jsonl")
    let made = try DPGScores(DPGBenchmark("\(fixtures)/prompts"), questions)(DPGAnswers(path, to: questions))
    #expect(try made == Self.scores("repeated"))

    try scratch.write(lines.dropFirst().joined(separator: "\n"), to: "answers.jsonl")
    let missing = words {
      _ = try DPGScores(DPGBenchmark("\(fixtures)/prompts"), questions)(DPGAnswers(path, to: questions))
    }
    #expect(missing.contains("answers.jsonl: '") && missing.contains("has no answer: "), "\(missing)")
  }

  @Test func `Answers to what was not asked are named by their line`() throws {
    let scratch = try Scratch()
    let questions = try DPGQuestions("\(fixtures)/questions.csv")
    func said(_ text: String) throws -> String {
      let path = try scratch.write(text, to: "a.txt")
      return words { _ = try DPGAnswers(path, to: questions) }
    }
    func line(_ image: String, _ tile: String, _ answers: String) -> String {
      #"{"image": "\#(image)", "tile": \#(tile), "answers": {\#(answers)}}"#
    }
    #expect(try said(line("1", "0", #""1": "yes""#)).isEmpty)
    #expect(try said(line("none", "0", #""1": "yes""#)).contains("a.txt:1: image"))
    #expect(try said(line("1", "4", #""1": "yes""#)).contains("a.txt:1: tile: expected 0 to 3, got 4"))
    #expect(try said(line("1", "0", #""99": "yes""#)).contains("numbers of questions about '1', got '99'"))
    #expect(try said(line("1", "0", #""1": 1"#)).contains("a.txt:1: answers: 1"))
    let one = line("1", "0", #""1": "yes""#)
    #expect(try said("\(one)\n\(one)").contains("a.txt:2: tile: expected each tile once"))
    #expect(try said("images/1.png, (0, 0, 4, 4), Are there thing 2s?, no").contains("not the next question"))
    #expect(try said("nonsense").contains("a.txt:1: expected PATH"))
    let again = "images/1.png, (0, 0, 4, 4), Is the thing 1 there?, yes"
    #expect(try said("\(again)\n\(again)").contains("a.txt:2: not the next question about tile 0 of '1'"))
  }

  @Test func `Questions that cannot be used are named by their line and their column`() throws {
    let scratch = try Scratch()
    let header = "item_id,text,proposition_id,dependency,tuple,question_natural_language"
    func said(_ rows: String, header: String = header) throws -> String {
      let path = try scratch.write("\(header)\n\(rows)", to: "q.csv")
      return words { _ = try DPGQuestions(path) }
    }
    let row = "a,\"b, \"\"c\"\"\nd\",1,0,entity - whole (x),Is it?"
    #expect(try said("\(row)\n\(row)").isEmpty)
    #expect(
      try said("\(row)\n\(row)", header: header.replacing("tuple", with: "tupel")).contains(
        "q.csv:1: the column 'tuple' is missing"))
    #expect(try said("\(row)\n\(row.replacing("1,0", with: "one,0"))").contains("q.csv:4: proposition_id"))
    #expect(try said("\(row)\n\(row.replacing("1,0", with: "1,none"))").contains("q.csv:4: dependency"))
    #expect(try said("\(row)\n\(row.replacing("Is it?", with: ""))").contains("q.csv:4: question_natural_language"))
    #expect(try said("\(row)\na,b").contains("q.csv:4: expected 6 fields, as the header has, got 2"))
    #expect(try said("\(row)\na,\"b").contains("q.csv:4: a quote is opened here and never closed"))
    #expect(try said("\(row)\na,\"b\"c").contains("q.csv:4: something follows a closing quote"))
    #expect(try said(row).contains("there are no questions"))
  }

  @Test func `Fields in quotes hold commas, quotes and lines, and lines may end in any way`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("\u{FEFF}a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n,\u{2028}\n", to: "t.csv")
    let file = try CSVFile(path, columns: ["b"])
    #expect(file.rows.map(\.line) == [2, 5])
    #expect(file.rows.map { file.text($0, "b") } == ["x, \"y\"\nz", "\u{2028}"])
  }

  @Test func `A grid of two by two lies where the scorer looks for it`() throws {
    let scratch = try Scratch()
    let suite = try DPGBenchmark("\(fixtures)/prompts", limit: 3)
    #expect(suite.items.map(\.path) == ["1.png", "256.png", "COCOval2014000000000285.png"])
    #expect(suite.items[0].prompt.contains("café of them all"))
    let record = GenerationRecord(benchmark: suite.name, prompts: suite.prompts, seed: 0, model: [:])
    let generation = try BenchmarkGeneration(suite, into: BenchmarkFolder(scratch.folder), record)
    try generation(batch: 5) { texts, first in
      try stacked(texts.indices.map { try Tensor.full([3, 2, 2], Double(first + $0) / 255) })
    } progress: { _ in
    }
    let root = BenchmarkFolder(scratch.folder).samples
    #expect(try suite.tileSide(below: root) == 2)
    let grid = try RGBImage.read("\(root)/256.png").tensor()
    #expect(try grid[0].integers() == [4, 4, 5, 5, 4, 4, 5, 5, 6, 6, 7, 7, 6, 6, 7, 7])
    #expect(try suite.image("\(root)/256.png").integers() == Array(repeating: 4, count: 12))
    try suite.check(below: root)
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(root)/256.png"))
    #expect(words { try suite.check(below: root) }.contains("256.png: not an image"))
    try FileManager.default.removeItem(atPath: "\(root)/1.png")
    #expect(words { try suite.check(below: root) }.contains("1 of 3 files are missing, the first is 1.png"))
  }

  @Test func `Prompts that are empty or have a point in their name are named, and a report that was cut off`() throws {
    let scratch = try Scratch()
    func said() -> String { words { _ = try DPGBenchmark(scratch.folder) } }
    #expect(said().contains("there are no prompts"))
    try scratch.write(" \n", to: "a.txt")
    #expect(said().contains("a.txt: the prompt is empty"))
    try scratch.write("a fox", to: "a.txt")
    try scratch.write("a fox", to: "b.2.txt")
    #expect(said().contains("b.2.txt: the scorer reads an image's name only up to the first dot"))
    let lines = try TextFile("\(fixtures)/questions.txt").lines.map(\.text)
    let cut = try scratch.write(lines.prefix(5).joined(separator: "\n"), to: "r.txt")
    #expect(words { _ = try DPGReport(cut) }.contains("r.txt: the scores are missing"))
    let odd = try scratch.write("images/1.png, 0.5, 0.5\nTraceback (most recent call last):", to: "r.txt")
    #expect(words { _ = try DPGReport(odd) }.contains("r.txt:2: not a line of"))
    let questions = try DPGQuestions("\(fixtures)/questions.csv")
    try FileManager.default.removeItem(atPath: "\(scratch.folder)/b.2.txt")
    try FileManager.default.removeItem(atPath: "\(scratch.folder)/r.txt")
    let other = words { _ = try DPGScores(DPGBenchmark(scratch.folder), questions) }
    #expect(other.contains("none of its items is the name of a prompt; expected items such as 'a'"), "\(other)")
  }
}
