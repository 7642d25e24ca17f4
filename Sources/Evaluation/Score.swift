import Metrics

/// One line of an evaluation's table.
public struct Score: Codable, Equatable, Sendable {
  /// Which model, with its sampler: "student", "teacher, DDIM", "real samples".
  public var model: String
  /// Network evaluations a sample, guidance not counted.
  public var steps: Int?
  /// How the samples were made: "DDIM" or "re-noising"; nil for real ones.
  public var sampler: String?
  /// The times of re-noising.
  public var times: [Double]?
  /// See `FrechetDistance`.
  public var frechetDistance: Double
  /// How much of the Fréchet distance is expected to come from the number of samples alone.
  public var frechetBias: Double?
  /// See `KernelDistance`.
  public var kernelDistance: Double?
  /// See `PrecisionRecall`.
  public var precision: Double
  /// See `PrecisionRecall`.
  public var recall: Double
  /// See `DensityCoverage`.
  public var density: Double?
  /// See `DensityCoverage`.
  public var coverage: Double?
  /// The share of samples that are recognized as the wanted class.
  public var classAccuracy: Double
  /// exp of the entropy of the recognised classes: how many are really made.
  public var effectiveClasses: Double
  /// The mean of `evaluation.reward`, if there is one.
  public var reward: Double?
  /// 95%, [low, high], by the name of the number: "frechetDistance".
  public var intervals: [String: ClosedRange<Double>]?
  /// Why some of the numbers are not to be relied on; nil if nothing speaks against them.
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
    let lines = Warnings.lines(all.map { ($0.rawValue, $1.warning) })
    warnings = lines.isEmpty ? nil : lines
  }

  /// nil if it was not measured.
  public func interval(_ metric: Metric) -> ClosedRange<Double>? { intervals?[metric.key] }
}

extension Metric {
  /// nil if it was not measured.
  public func value(_ score: Score) -> Double? {
    switch self {
    case .frechetDistance: score.frechetDistance
    case .kernelDistance: score.kernelDistance
    case .precision: score.precision
    case .recall: score.recall
    case .density: score.density
    case .coverage: score.coverage
    case .classAccuracy: score.classAccuracy
    case .reward: score.reward
    }
  }
}
