import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation
@testable import Fewstep
@testable import Metrics
@testable import Reports

@Suite struct ComparisonTests {
  private func fingerprint(samples: Int = 100, seed: Int = 1) -> Fingerprint {
    ["features.weights": "f", "samples": "\(samples)", "seed": "\(seed)"]
  }

  private func entry(
    _ variant: String, _ seed: Int, _ distance: Double, _ fingerprint: Fingerprint? = nil, reward: Double? = nil
  )
    -> Comparison.Entry
  {
    let score = Score(
      model: "student", steps: 1, frechetDistance: distance, precision: 0.5, recall: 0.25, classAccuracy: 1,
      effectiveClasses: 2, reward: reward)
    return Comparison.Entry(
      path: "\(variant)-\(seed)", variant: variant, seed: seed,
      evaluated: EvaluationResult(fingerprint: fingerprint ?? self.fingerprint(), scores: [score]))
  }

  @Test func `Differences are paired by seed: what seeds have in common does not widen the interval`() throws {
    let entries = [(0, 1.0), (1, 5.0), (2, 9.0)].flatMap { [entry("a", $0.0, $0.1), entry("b", $0.0, $0.1 + 0.5)] }
    let comparison = try Comparison(entries)
    let b = try #require(comparison.summaries.first { $0.variant == "b" && $0.metric == .frechetDistance })
    #expect(b.seeds == [0, 1, 2])
    #expect(abs(b.mean - 5.5) < 1e-12)
    #expect(abs(try #require(b.std) - 4) < 1e-12)
    #expect(try #require(b.difference) == 0.5)
    #expect(try #require(b.interval) == [0.5, 0.5])
  }

  @Test func `Only seeds that both have are compared, and a single one has no interval`() throws {
    let comparison = try Comparison([entry("a", 0, 1), entry("a", 1, 2), entry("b", 1, 4), entry("b", 7, 100)])
    let b = try #require(comparison.summaries.first { $0.variant == "b" })
    #expect(b.difference == 2)
    #expect(b.interval == nil)
  }

  @Test func `The bootstrap's interval is near the normal one for many pairs`() throws {
    let differences = (0..<400).map { Double(($0 * 7919) % 400) / 400 }
    let bootstrap = PairedBootstrap(differences)
    let std = (1.0 / 12).squareRoot() / 400.0.squareRoot()
    let interval = try #require(bootstrap.interval)
    #expect(abs(interval.lowerBound - (bootstrap.mean - 1.96 * std)) < 0.15 * std)
    #expect(abs(interval.upperBound - (bootstrap.mean + 1.96 * std)) < 0.15 * std)
  }

  @Test func `Scores that were not measured alike are refused, with what differs`() throws {
    for (other, difference) in [
      (fingerprint(samples: 50), "samples: 50 instead of 100"), (fingerprint(seed: 3), "seed: 3 instead of 1"),
    ] {
      let error = #expect(throws: Failure.self) {
        try Comparison([entry("a", 0, 1), entry("b", 0, 2, other)])
      }
      #expect(error?.description.contains(difference) == true)
    }
  }

  @Test func `The same variant and seed twice, an unknown baseline and an unknown model are refused`() throws {
    #expect(throws: Failure.self) { try Comparison([entry("a", 0, 1), entry("a", 0, 2)]) }
    #expect(throws: Failure.self) { try Comparison([entry("a", 0, 1)], baseline: "b") }
    #expect(throws: Failure.self) { try Comparison([entry("a", 0, 1)], model: "teacher") }
    #expect(throws: Failure.self) { try Comparison([]) }
  }

  @Test func `Each metric has a table; one that was not measured has none`() throws {
    let plain = try Comparison([entry("a", 0, 1)]).tables.map(\.title)
    #expect(plain.count == 4)
    let rewarded = try Comparison([entry("a", 0, 1, reward: -2)]).tables.map(\.title)
    #expect(rewarded.last == "reward (higher is better)")
  }

  @Test func `Intervals within a run are half their width; scores without, of older files, are read`() throws {
    var measured = entry("a", 0, 1)
    var scores = measured.evaluated.scores
    scores[0].kernelDistance = 2
    scores[0].intervals = ["frechetDistance": 0.5...1.7]
    measured = Comparison.Entry(
      path: "a-0", variant: "a", seed: 0, evaluated: EvaluationResult(fingerprint: fingerprint(), scores: scores))
    let summaries = try Comparison([measured]).summaries
    #expect(abs(try #require(summaries[0].margin) - 0.6) < 1e-12)
    #expect(summaries[1].metric == .kernelDistance && summaries[1].margin == nil)
    let old =
      #"{"model": "student", "frechetDistance": 1, "precision": 0, "recall": 0, "classAccuracy": 0, "#
      + #""effectiveClasses": 1}"#
    let score = try JSONDecoder().decode(Score.self, from: Data(old.utf8))
    #expect(score.interval(.frechetDistance) == nil && score.warnings == nil)
    let again = try JSONDecoder().decode(Score.self, from: JSONEncoder().encode(scores[0]))
    #expect(again == scores[0])
    let text = try EvaluationResult(fingerprint: fingerprint(), scores: [scores[0], score]).text
    #expect(text.contains("1.00 ± 0.60") && !text.contains("density") && !text.contains("warning"))
    scores[0].intervals = ["frechetDistance": 1...1.0000000000000002]
    #expect(try !Table(scores).text.contains("±"))
    scores[0].warnings = ["recall: few"]
    #expect(
      try EvaluationResult(fingerprint: fingerprint(), scores: scores).text.hasSuffix("\nwarning: student: recall: few")
    )
  }

  @Test func `CSV quotes what needs it, and LaTeX escapes what it would take for commands`() throws {
    let table = try Table(columns: ["a,b", "n"], rows: [["x_1 & \"y\"", 0.25], ["plain", nil]])
    #expect(table.csv == "\"a,b\",n\n\"x_1 & \"\"y\"\"\",0.25\nplain,")
    #expect(table.latex.contains("x\\_1 \\& \"y\" & 0.2500 \\\\"))
    #expect(table.latex.contains("\\begin{tabular}{lr}"))
  }
}
