/// One line of an evaluation's table.
public struct Score: Codable, Equatable, Sendable {
  public var model: String
  /// Network evaluations a sample, guidance not counted.
  public var steps: Int?
  /// How the samples were made: "DDIM" or "re-noising"; nil for real ones.
  public var sampler: String?
  /// The times of re-noising.
  public var times: [Double]?
  public var frechetDistance: Double
  /// How much of the Fréchet distance is expected to come from the number of samples alone.
  public var frechetBias: Double?
  public var kernelDistance: Double?
  public var precision: Double
  public var recall: Double
  public var density: Double?
  public var coverage: Double?
  public var classAccuracy: Double
  /// exp of the entropy of the recognised classes: how many are really made.
  public var effectiveClasses: Double
  /// The mean of `evaluation.reward`, where there is one.
  public var reward: Double?
  /// 95%, [low, high], by the name of the number: "frechetDistance".
  public var intervals: [String: ClosedRange<Double>]?
  /// Why some of the numbers are not to be relied on; nil where nothing speaks against them.
  public var warnings: [String]?
}

extension Score {
  /// A line without a sampler; numbers that were measured, and the rest nil.
  init(
    _ model: String, _ features: FeatureMeasures.Scores, classAccuracy: Estimate, effectiveClasses: Double,
    reward: Estimate?
  ) {
    self.init(
      model: model, frechetDistance: features.frechetDistance.value, frechetBias: features.frechetDistance.bias,
      kernelDistance: features.kernelDistance.value, precision: features.precision.value, recall: features.recall.value,
      density: features.density.value, coverage: features.coverage.value, classAccuracy: classAccuracy.value,
      effectiveClasses: effectiveClasses, reward: reward?.value)
    let all = features.named + [(.classAccuracy, classAccuracy)] + (reward.map { [(.reward, $0)] } ?? [])
    intervals = Dictionary(
      uniqueKeysWithValues: all.compactMap { metric, estimate in estimate.interval.map { (metric.key, $0) } })
    let words = Warnings.lines(all.map { ($0.rawValue, $1.warning) })
    warnings = words.isEmpty ? nil : words
  }

  /// Nil where it was not measured.
  public func interval(_ metric: Metric) -> ClosedRange<Double>? { intervals?[metric.key] }
}

extension Table {
  /// The scores as a table for people: with each number, half the width of its interval.
  public init(_ scores: [Score]) throws {
    let metrics = Metric.allCases.filter { metric in scores.contains { metric.value($0) != nil } }
    try self.init(
      columns: ["model", "steps"] + metrics.map(\.rawValue),
      rows: scores.map { score in
        [.text(score.model), score.steps.map(TableCell.integer) ?? .missing]
          + metrics.map { metric in
            guard let value = metric.value(score) else { return .missing }
            guard let interval = score.interval(metric) else { return .number(value) }
            let margin = (interval.upperBound - interval.lowerBound) / 2
            // Samples that are all alike have an interval of rounding errors.
            return margin > 1e-9 * value.magnitude ? .estimate(value, margin: margin) : .number(value)
          }
      })
  }
}

extension Evaluated {
  /// The table, and below it what should be known before it is believed.
  public var text: String {
    get throws { ([try Table(scores).text] + warnings).joined(separator: "\n") }
  }

  /// What is said of several models is said once.
  public var warnings: [String] {
    Warnings.lines(scores.flatMap { score in (score.warnings ?? []).map { (score.model, $0) } }).map {
      "warning: \($0)"
    }
  }
}
