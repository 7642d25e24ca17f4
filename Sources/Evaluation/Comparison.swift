import Fewstep
import Foundation
import Metrics
import Tensors

/// A comparison of a run's variants: each one's mean and spread over seeds, and its paired difference from a baseline.
public struct Comparison: Sendable {
  /// One finished run.
  public struct Entry: Sendable {
    /// The run's folder.
    public let path: String
    /// The variant's name.
    public let variant: String
    /// The run's seed.
    public let seed: Int
    /// Its scores and their fingerprint.
    public let evaluated: EvaluationResult

    /// A run with its scores.
    public init(path: String, variant: String, seed: Int, evaluated: EvaluationResult) {
      self.path = path
      self.variant = variant
      self.seed = seed
      self.evaluated = evaluated
    }
  }

  /// A variant in one metric.
  public struct Summary: Codable, Equatable, Sendable {
    /// The variant's name.
    public let variant: String
    /// The summarized metric.
    public let metric: Metric
    /// The seeds of the variant's runs, in order.
    public let seeds: [Int]
    /// The mean over seeds.
    public let mean: Double
    /// Standard deviation over seeds (n - 1); nil for one.
    public let std: Double?
    /// Half the width of the 95% interval within one run, as the mean over seeds: the uncertainty due to the number of
    /// samples.
    public let margin: Double?
    /// Mean difference from the baseline over common seeds; nil for the baseline and if there are no common seeds.
    public let difference: Double?
    /// Its 95% interval [low, high].
    public let interval: [Double]?
  }

  /// The variant that the others are compared with.
  public let baseline: String
  /// Each metric's variants, in the order of `Metric.allCases`.
  public let summaries: [Summary]

  /// - Parameters:
  ///   - model: the model's line in the scores: "student", "teacher, student's sampler".
  ///   - baseline: a variant; the first one by default.
  /// - Throws: `Failure` if the runs' fingerprints differ, two runs have the same variant and seed, or there is no such
  ///   model or baseline.
  public init(_ entries: [Entry], model: String = "student", baseline: String? = nil) throws {
    guard let first = entries.first else { throw Failure(.missing, at: "comparison", "there are no runs to compare") }
    var scores = [String: [Int: Score]]()
    var variants = [String]()
    for entry in entries {
      let differences = entry.evaluated.fingerprint.differences(from: first.evaluated.fingerprint)
      guard differences.isEmpty else {
        throw Failure(
          .malformed, at: entry.path,
          "it was measured differently from \(first.path): \(differences.joined(separator: "; "))",
          advice: "Evaluate both with the same `evaluation`: fewstep evaluate RUN --json > RUN/evaluation.json.")
      }
      guard let score = entry.evaluated.scores.first(where: { $0.model == model }) else {
        throw Failure(
          .malformed, at: entry.path, "there is no score of '\(model)'",
          expected: entry.evaluated.scores.map { "'\($0.model)'" }.joined(separator: ", "))
      }
      guard scores[entry.variant]?[entry.seed] == nil else {
        throw Failure(
          .malformed, at: entry.path, "another run has the same variant '\(entry.variant)' and seed \(entry.seed)")
      }
      if scores[entry.variant] == nil { variants.append(entry.variant) }
      scores[entry.variant, default: [:]][entry.seed] = score
    }
    let base = baseline ?? variants[0]
    guard let reference = scores[base] else {
      throw Failure(
        .malformed, at: "comparison", "no variant '\(base)' can be the baseline",
        expected: variants.joined(separator: ", "))
    }
    self.baseline = base
    summaries = Metric.allCases.flatMap { metric in
      variants.compactMap { variant in
        Self.summary(variant, metric, scores[variant]!, variant == base ? nil : reference)
      }
    }
  }

  /// nil if no run has the metric.
  private static func summary(
    _ variant: String, _ metric: Metric, _ own: [Int: Score], _ others: [Int: Score]?
  ) -> Summary? {
    let scores = own.compactMapValues(metric.value)
    let reference = others?.compactMapValues(metric.value)
    guard !scores.isEmpty else { return nil }
    let seeds = scores.keys.sorted()
    let values = seeds.map { scores[$0]! }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let differences = seeds.compactMap { seed in reference?[seed].map { scores[seed]! - $0 } }
    let widths = own.values.compactMap { $0.interval(metric) }.map { $0.upperBound - $0.lowerBound }
    let bootstrap = differences.isEmpty ? nil : PairedBootstrap(differences)
    return Summary(
      variant: variant, metric: metric, seeds: seeds, mean: mean,
      std: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil,
      margin: widths.isEmpty ? nil : widths.reduce(0, +) / Double(2 * widths.count),
      difference: bootstrap.map { exact($0.mean) },
      interval: bootstrap?.interval.map { [exact($0.lowerBound), exact($0.upperBound)] })
  }

  /// Removes the rounding error from differences that are 0.
  private static func exact(_ value: Double) -> Double { (value * 1e12).rounded() / 1e12 }
}
