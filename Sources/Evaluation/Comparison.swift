import Foundation

/// Variants of a run side by side: each one's mean and spread over seeds, and its paired difference from a baseline.
public struct Comparison: Sendable {
  /// One finished run.
  public struct Entry: Sendable {
    public let path: String
    public let variant: String
    public let seed: Int
    public let evaluated: Evaluated

    public init(path: String, variant: String, seed: Int, evaluated: Evaluated) {
      self.path = path
      self.variant = variant
      self.seed = seed
      self.evaluated = evaluated
    }
  }

  /// A number of a score that variants are compared by.
  public enum Metric: String, CaseIterable, Sendable {
    case frechetDistance = "Fréchet distance"
    case precision
    case recall
    case classAccuracy = "class accuracy"

    public func value(_ score: Score) -> Double {
      switch self {
      case .frechetDistance: score.frechetDistance
      case .precision: score.precision
      case .recall: score.recall
      case .classAccuracy: score.classAccuracy
      }
    }
  }

  /// A variant in one metric.
  public struct Summary: Codable, Equatable, Sendable {
    public let variant: String
    public let metric: String
    public let seeds: [Int]
    public let mean: Double
    /// Standard deviation over seeds (n - 1); nil for one.
    public let deviation: Double?
    /// Mean difference from the baseline over the seeds that both have; nil for the baseline and where they share none.
    public let difference: Double?
    /// Its 95% interval [low, high].
    public let interval: [Double]?
  }

  public let baseline: String
  public let summaries: [Summary]

  /// - Parameters:
  ///   - model: which line of the scores: "student", "teacher, student's sampler".
  ///   - baseline: a variant; the first one by default.
  /// - Throws: `ComparisonError` where the runs' locks differ, two runs are the same variant and seed, or there is no such
  ///   model or baseline.
  public init(_ entries: [Entry], model: String = "student", baseline: String? = nil) throws {
    guard let first = entries.first else { throw ComparisonError("there is no run to compare") }
    var scores = [String: [Int: Score]]()
    var variants = [String]()
    for entry in entries {
      let differences = first.evaluated.lock.differences(from: entry.evaluated.lock)
      guard differences.isEmpty else {
        throw ComparisonError(
          "\(first.path) and \(entry.path) were not measured alike: \(differences.joined(separator: "; ")).\n"
            + "  Measure them again with the same `evaluation` (fewstep evaluate RUN), or compare them apart.")
      }
      guard let score = entry.evaluated.scores.first(where: { $0.model == model }) else {
        let there = entry.evaluated.scores.map(\.model).joined(separator: "; ")
        throw ComparisonError("\(entry.path): there is no score of '\(model)'; there are: \(there)")
      }
      guard scores[entry.variant]?[entry.seed] == nil else {
        throw ComparisonError("\(entry.path): another run is '\(entry.variant)' with seed \(entry.seed), too")
      }
      if scores[entry.variant] == nil { variants.append(entry.variant) }
      scores[entry.variant, default: [:]][entry.seed] = score
    }
    let base = baseline ?? variants[0]
    guard let reference = scores[base] else {
      throw ComparisonError(
        "there is no variant '\(base)' for a baseline; there are: \(variants.joined(separator: ", "))")
    }
    self.baseline = base
    summaries = variants.flatMap { variant in
      Metric.allCases.map { Self.summary(variant, $0, scores[variant]!, variant == base ? nil : reference) }
    }
  }

  private static func summary(
    _ variant: String, _ metric: Metric, _ scores: [Int: Score], _ reference: [Int: Score]?
  ) -> Summary {
    let seeds = scores.keys.sorted()
    let values = seeds.map { metric.value(scores[$0]!) }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let differences = seeds.compactMap { seed in
      reference?[seed].map { metric.value(scores[seed]!) - metric.value($0) }
    }
    let bootstrap = differences.isEmpty ? nil : PairedBootstrap(differences)
    return Summary(
      variant: variant, metric: metric.rawValue, seeds: seeds, mean: mean,
      deviation: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil,
      difference: bootstrap?.mean, interval: bootstrap?.interval.map { [$0.lowerBound, $0.upperBound] })
  }

  /// One line a variant and metric.
  public var table: Table {
    get throws {
      try Table(
        columns: ["variant", "metric", "seeds", "mean", "deviation", "against \(baseline)", "95% from", "to"],
        rows: summaries.map {
          [
            .text($0.variant), .text($0.metric), .integer($0.seeds.count), .number($0.mean),
            $0.deviation.map(TableCell.number) ?? .missing, $0.difference.map(TableCell.number) ?? .missing,
            $0.interval.map { .number($0[0]) } ?? .missing, $0.interval.map { .number($0[1]) } ?? .missing,
          ]
        })
    }
  }
}

/// Runs that cannot be compared, and why.
public struct ComparisonError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
