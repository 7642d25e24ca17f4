import Fewstep
import Files
import Foundation
import Metrics
import Reports
import Tensors

extension Fingerprint {
  /// The fingerprint of everything besides the samples that a benchmark's scores depend on. Scores are compared only if
  /// it is the same.
  ///
  /// - Parameters:
  ///   - version: the version of the scoring, raised when a change of the code changes a number.
  ///   - prompts: the SHA-256 of the prompts.
  ///   - samples: the number of scored samples.
  ///   - scorers: the scorers: a network's weights by hash, an official program's version, a resize method.
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
  /// The value in the benchmark's own unit.
  public var value: Double
  /// The 95% interval, by a bootstrap over the samples; nil if a bootstrap would be meaningless.
  public var interval: ClosedRange<Double>?
  /// The number of samples that it was computed from.
  public var samples: Int
  /// Other numbers that the official scorer prints with it, by name: "std of chunks".
  public var details: [String: Double]?
  /// The reason why the score is unreliable.
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

/// A benchmark's scores with their fingerprint: the content of `scores.json`.
public struct BenchmarkScores: Codable, Equatable, Sendable {
  /// Everything besides the samples that the scores depend on.
  public var fingerprint: Fingerprint
  /// The record of the samples' generation; nil for samples of unknown origin.
  public var generation: GenerationRecord?
  /// The scores in the benchmark's order.
  public var scores: [BenchmarkScore]

  /// Scores with their fingerprint.
  public init(fingerprint: Fingerprint, generation: GenerationRecord?, scores: [BenchmarkScore]) {
    (self.fingerprint, self.generation, self.scores) = (fingerprint, generation, scores)
  }

  /// - Throws: `Failure` if the file was not written by `write`.
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

  /// The table, followed by its warnings.
  public var text: String {
    get throws {
      let warnings = Warnings.lines(scores.map { ($0.name, $0.warning) }).map { "warning: \($0)" }
      return ([try table.text] + warnings).joined(separator: "\n")
    }
  }
}
