import Fewstep
import Files
import Foundation
import Metrics
import Reports
import Tensors

/// What a benchmark's scores depend on beside the samples: scores are compared only where all of it is the same.
public struct BenchmarkLock: Codable, Equatable, Sendable {
  public var suite: String
  /// Of the suite's scoring here; raised when a change of the code would change a number.
  public var version: Int
  /// SHA-256 of the prompts.
  public var prompts: String
  /// Samples that were scored.
  public var samples: Int
  /// What scored them, by name: a hash of a network's tensors, an official program's version, a way to resize.
  public var scorers: [String: String]

  public init(suite: String, version: Int, prompts: String, samples: Int, scorers: [String: String]) {
    (self.suite, self.version, self.prompts, self.samples, self.scorers) = (suite, version, prompts, samples, scorers)
  }

  /// What differs, in words; empty where scores may be compared.
  public func differences(from other: BenchmarkLock) -> [String] {
    func words(_ name: String, _ mine: String?, _ its: String?) -> String? {
      mine == its ? nil : "\(name) \(mine ?? "none") and \(its ?? "none")"
    }
    return [
      words("suite", suite, other.suite), words("version", "\(version)", "\(other.version)"),
      words("prompts", prompts, other.prompts), words("samples", "\(samples)", "\(other.samples)"),
    ].compactMap(\.self)
      + Set(scorers.keys).union(other.scorers.keys).sorted().compactMap {
        words($0, scorers[$0], other.scorers[$0])
      }
  }
}

/// One number of a benchmark.
public struct BenchmarkScore: Codable, Equatable, Sendable {
  /// "anime", "counting", "subject consistency".
  public var name: String
  /// In the benchmark's own unit.
  public var value: Double
  /// 95%, by a bootstrap over the samples; nil where one would show nothing.
  public var interval: ClosedRange<Double>?
  /// Samples that it was computed from.
  public var samples: Int
  /// What else the official scorer prints beside it, by name: "std of chunks".
  public var details: [String: Double]?
  /// Why it is not to be relied on.
  public var warning: String?

  public init(
    _ name: String, _ estimate: Estimate, samples: Int, details: [String: Double]? = nil
  ) {
    (self.name, value, interval, self.samples, self.details, warning) = (
      name, estimate.value, estimate.interval, samples, details, estimate.warning
    )
  }
}

/// A benchmark's scores, with their lock: what `scores.json` holds.
public struct BenchmarkScores: Codable, Equatable, Sendable {
  public var lock: BenchmarkLock
  /// What the samples were made from; nil for samples from elsewhere.
  public var generation: GenerationRecord?
  public var scores: [BenchmarkScore]

  public init(lock: BenchmarkLock, generation: GenerationRecord?, scores: [BenchmarkScore]) {
    (self.lock, self.generation, self.scores) = (lock, generation, scores)
  }

  /// - Throws: `Failure` where the file is not what `write` makes.
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

  public func write(to path: String) throws { try AtomicFile.write(JSONEncoder.pretty.encode(self), to: path) }

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
