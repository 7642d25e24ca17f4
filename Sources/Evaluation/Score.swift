import Metrics

/// One line of an evaluation's table.
public struct Score: Codable, Equatable, Sendable {
  /// The model with its sampler: "student", "teacher, DDIM", "real samples".
  public var model: String
  /// Network evaluations per sample, not counting guidance.
  public var steps: Int?
  /// The sampler: "DDIM" or "re-noising"; nil for real samples.
  public var sampler: String?
  /// The times of re-noising.
  public var times: [Double]?
  /// See `FrechetDistance`.
  public var frechetDistance: Double
  /// The part of the Fréchet distance that is expected from the number of samples alone.
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
  /// The share of samples that are recognized as the requested class.
  public var classAccuracy: Double
  /// exp of the entropy of the recognized classes: the effective number of classes.
  public var effectiveClasses: Double
  /// The mean of `evaluation.reward`, if there is one.
  public var reward: Double?
  /// 95% intervals, [low, high], by the number's name: "frechetDistance".
  public var intervals: [String: ClosedRange<Double>]?
  /// Reasons why some of the numbers are unreliable; nil if there are none.
  public var warnings: [String]?
}

extension Score {
  /// A line without a sampler; numbers that were not measured are nil.
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
