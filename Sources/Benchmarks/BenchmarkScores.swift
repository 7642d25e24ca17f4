import Fewstep
import Files
import Foundation
import Metrics
import Reports
import Tensors

extension Fingerprint {
  /// What a benchmark's scores depend on besides the samples. Scores are compared only if it is the same.
  ///
  /// - Parameters:
  ///   - version: of the scoring; raised when a change of the code changes a number.
  ///   - prompts: their SHA-256.
  ///   - samples: how many were scored.
  ///   - scorers: what scored them: a network's weights by hash, an official program's version, a way to resize.
  public init(benchmark: String, version: Int, prompts: String, samples: Int, scorers: Fingerprint) {
    self = Fingerprint([
      "benchmark": benchmark, "version": "\(version)", "prompts": prompts, "samples": "\(samples)",
    ]).merging(scorers)
  }
}

/// One number of a benchmark.
public struct BenchmarkScore: Codable, Equatable, Sendable {
  /// "anime", "counting", "subject consistency".
  public var name: String
  /// In the benchmark's own unit.
  public var value: Double
  /// 95%, by a bootstrap over the samples; nil if one would show nothing.
  public var interval: ClosedRange<Double>?
  /// Samples that it was computed from.
  public var samples: Int
  /// What else the official scorer prints beside it, by name: "std of chunks".
  public var details: [String: Double]?
  /// Why it is not to be relied on.
  public var warning: String?

  /// A score from an estimate.
  public init(
    _ name: String, _ estimate: Estimate, samples: Int, details: [String: Double]? = nil
  ) {
    (self.name, value, interval, self.samples, self.details, warning) = (
      name, estimate.value, estimate.interval, samples, details, estimate.warning
    )
  }
}

/// A benchmark's scores and what they depend on: the content of `scores.json`.
public struct BenchmarkScores: Codable, Equatable, Sendable {
  /// What the scores depend on besides the samples.
  public var fingerprint: Fingerprint
  /// What the samples were made from; nil for samples of unknown origin.
  public var generation: GenerationRecord?
  /// In the benchmark's order.
  public var scores: [BenchmarkScore]

  /// Scores with their fingerprint.
  public init(fingerprint: Fingerprint, generation: GenerationRecord?, scores: [BenchmarkScore]) {
    (self.fingerprint, self.generation, self.scores) = (fingerprint, generation, scores)
  }

  /// - Throws: `Failure` if the file is not what `write` makes.
  public static func read(_ path: String) throws -> BenchmarkScores {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(.missing, at: path, "there are no scores", advice: "`fewstep benchmark` writes them.")
    }
    do {
      return try JSONDecoder.pretty.decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw Failure(.malformed, at: path, "these are not scores as `fewstep benchmark` writes them")
    }
  }

  /// Writes `scores.json` atomically.
  public func write(to path: String) throws { try AtomicFile.write(JSONEncoder.pretty.encode(self), to: path) }

  /// A row for each score.
  public var table: Table {
    get throws {
      let details = Set(scores.flatMap { ($0.details ?? [:]).keys }).sorted()
      return try Table(
        columns: ["score", "value", "95% from", "to", "samples"] + details,
        rows: scores.map { score in
          let ends = [score.interval?.lowerBound, score.interval?.upperBound]
          return [.text(score.name), .number(score.value)] + ends.map { $0.map(TableCell.number) ?? .missing }
            + [.integer(score.samples)] + details.map { score.details?[$0].map(TableCell.number) ?? .missing }
        })
    }
  }

  /// The table, and below it what should be known before it is believed.
  public var text: String {
    get throws {
      let warnings = Warnings.lines(scores.map { ($0.name, $0.warning) }).map { "warning: \($0)" }
      return ([try table.text] + warnings).joined(separator: "\n")
    }
  }
}
