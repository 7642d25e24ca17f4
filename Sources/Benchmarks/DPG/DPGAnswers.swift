import Files
import Tensors

/// A model's answers to the questions about each tile of each grid.
///
/// Read from JSON lines, one per tile,
///
///     {"image": "partiprompts7", "tile": 0, "answers": {"1": "yes", "2": "no"}}
///
/// with tiles counted along the rows from 0; or from the `..._detail.txt` that `compute_dpg_bench.py` writes. Only
/// "yes" counts as yes.
public struct DPGAnswers: Sendable {
  /// The file.
  public let path: String
  /// Answers by the item's name, the tile and the question's number.
  private var answers = [String: [Int: [Int: Bool]]]()

  /// - Throws: `Failure` naming a line that is malformed, is repeated, or refers to an unknown item, tile or question.
  public init(_ path: String, to questions: DPGQuestions) throws {
    self.path = path
    let file = try TextFile(path)
    if file.bytes.first(where: { !$0.isSpace }) == UInt8(ascii: "{") {
      try readRows(JSONLines.read(path), questions)
    } else {
      try readDetails(file, questions)
    }
  }

  /// The answer; nil if there is none.
  func answer(to question: Int, of item: String, tile: Int) -> Bool? { answers[item]?[tile]?[question] }

  private mutating func readRows(_ rows: [JSONLines.Row], _ questions: DPGQuestions) throws {
    for row in rows {
      let fields = row.fields
      let item = DPGBenchmark.itemName(try fields.text("image"))
      guard let asked = questions.items[item] else {
        throw fields.wrong("image", expected: "an item of \(questions.path)", got: "'\(item)'")
      }
      let tile = try fields.integer("tile")
      guard (0..<DPGBenchmark.tiles).contains(tile) else {
        throw fields.wrong("tile", expected: "0 to \(DPGBenchmark.tiles - 1)", got: "\(tile)")
      }
      guard fields.has("answers"), case .object(let given)? = fields.values["answers"] else {
        throw fields.wrong("answers", expected: "an answer for each question's number", got: "none")
      }
      guard answers[item]?[tile] == nil else {
        throw fields.wrong("tile", expected: "each tile once", got: "tile \(tile) of '\(item)' again")
      }
      let numbers = Set(asked.map(\.number))
      for (key, value) in given {
        guard let number = Int(key), numbers.contains(number) else {
          throw fields.wrong("answers", expected: "numbers of questions about '\(item)'", got: "'\(key)'")
        }
        guard let word = value.string else {
          throw fields.wrong("answers: \(key)", expected: "a text, such as yes or no", got: "\(value)")
        }
        answers[item, default: [:]][tile, default: [:]][number] = word == "yes"
      }
    }
  }

  /// Lines "PATH, (x0, y0, x1, y1), QUESTION, ANSWER", with a tile's questions in order.
  private mutating func readDetails(_ file: TextFile, _ questions: DPGQuestions) throws {
    let pattern = /(.+?), \((\d+), (\d+), (\d+), (\d+)\), (.*)/
    for line in try file.lines {
      let place = "\(path):\(line.number)"
      guard let match = line.text.wholeMatch(of: pattern)?.output else {
        throw Failure(
          .malformed, at: place, expected: "PATH, (x0, y0, x1, y1), QUESTION, ANSWER", got: "\(line.text.prefix(60))")
      }
      let item = DPGBenchmark.itemName(match.1)
      guard let asked = questions.items[item] else {
        throw Failure(.malformed, at: place, expected: "an item of \(questions.path)", got: "'\(item)'")
      }
      let tile = (match.2 == "0" ? 0 : 1) + (match.3 == "0" ? 0 : DPGBenchmark.columns)
      let next = answers[item]?[tile]?.count ?? 0
      guard asked.indices.contains(next), match.6.hasPrefix("\(asked[next].text), ") else {
        throw Failure(
          .malformed, at: place, "not the next question about tile \(tile) of '\(item)'",
          expected: asked.indices.contains(next)
            ? "'\(asked[next].text)'" : "none, all \(asked.count) are answered",
          got: "'\(match.6)'")
      }
      let answer = match.6.dropFirst(asked[next].text.count + 2)
      answers[item, default: [:]][tile, default: [:]][asked[next].number] = answer == "yes"
    }
  }
}

extension UInt8 {
  fileprivate var isSpace: Bool { [0x20, 0x09, 0x0A, 0x0D].contains(self) }
}
