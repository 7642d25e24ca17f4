import Metrics
import Tensors

/// DPG-Bench's numbers from answers, as `compute_dpg_bench.py` computes them.
///
/// A tile's score is the share of its questions that are answered with yes and whose parents are, too. An image's score
/// is the mean of its tiles, and the benchmark's is 100 times the mean of its images. A category's score is 100 times
/// the share of yes among all its questions, ignoring parents, and for the last tile only: that is what the reference
/// counts.
public struct DPGScores {
  /// The version of the scoring; raised when a change of the code changes a number.
  public static let version = 1

  private let benchmark: DPGBenchmark
  private let questions: DPGQuestions

  /// - Throws: `Failure` if no item of the benchmark has questions.
  public init(_ benchmark: DPGBenchmark, _ questions: DPGQuestions) throws {
    (self.benchmark, self.questions) = (benchmark, questions)
    guard benchmark.items.contains(where: { questions.items[DPGBenchmark.itemName($0.path)] != nil }) else {
      throw Failure(
        .malformed, at: questions.path, "none of its items is the name of a prompt",
        expected: "items such as '\(DPGBenchmark.itemName(benchmark.items[0].path))'")
    }
  }

  /// A scored item.
  struct Scored {
    var tiles: [Double]
    /// The answers to the questions about the last tile.
    var answers: [Bool]
    var questions: [DPGQuestion]

    var score: Double { tiles.reduce(0, +) / Double(tiles.count) }
  }

  /// - Throws: `Failure` naming the first answer that is missing.
  public func callAsFunction(_ answers: DPGAnswers) throws -> [BenchmarkScore] {
    let names = benchmark.items.map { DPGBenchmark.itemName($0.path) }
    let scored = try names.compactMap { try self.scored($0, answers) }
    guard !scored.isEmpty else { throw Failure(.malformed, at: answers.path, "no image could be scored") }
    let resamples = try Resamples(of: scored.count)
    var total = try Estimate(meanOf: scored.map { 100 * $0.score }, resamples)
    var warnings = questions.warnings
    if scored.count < names.count {
      warnings.append(
        "\(names.count - scored.count) of \(names.count) images are left out, as the official scorer does: they have no "
          + "questions, or one that depends on a question that is not there")
    }
    total.warning = warnings.isEmpty ? nil : warnings.joined(separator: "; ")
    let all = scored.flatMap(\.questions)
    let broad = Set(all.map(\.broadCategory)).sorted(), fine = Set(all.map(\.category)).sorted()
    func score(_ name: String, _ level: String, _ isIn: (DPGQuestion) -> Bool) throws -> BenchmarkScore {
      let part = Estimate.Part(
        counted: scored.map { item in
          100 * Double(zip(item.questions, item.answers).count { isIn($0) && $1 })
        },
        total: scored.map { Double($0.questions.count(where: isIn)) })
      return BenchmarkScore(
        "\(level): \(name)", try Estimate(meanShareOf: [part], resamples), samples: part.total.count { $0 > 0 })
    }
    return try broad.map { name in try score(name, "L1") { $0.broadCategory == name } }
      + fine.map { name in try score(name, "L2") { $0.category == name } }
      + [BenchmarkScore("DPG-Bench", total, samples: scored.count)]
  }

  /// The item's scores; nil if the reference fails and leaves the image out.
  func scored(_ item: String, _ answers: DPGAnswers) throws -> Scored? {
    guard let asked = questions.items[item] else { return nil }
    var made = Scored(tiles: [], answers: [], questions: asked)
    for tile in 0..<DPGBenchmark.tiles {
      made.answers = try asked.map { question in
        guard let answer = answers.answer(to: question.number, of: item, tile: tile) else {
          throw Failure(
            .missing, at: "\(answers.path): '\(item)', tile \(tile)",
            "question \(question.number) has no answer: \(question.text)")
        }
        return answer
      }
      // A question that does not count is a "no" for its children.
      var counts = Dictionary(uniqueKeysWithValues: zip(asked.map(\.number), made.answers))
      for question in asked {
        for parent in question.parents where parent != 0 {
          guard let isYes = counts[parent] else { return nil }
          if isYes { continue }
          counts[question.number] = false
          break
        }
      }
      made.tiles.append(Double(counts.values.count { $0 }) / Double(asked.count))
    }
    return made
  }
}
