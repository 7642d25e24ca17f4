/// A number of a score that models are compared by.
public enum Metric: String, CaseIterable, Codable, Sendable {
  case frechetDistance = "Fréchet distance"
  case kernelDistance = "kernel distance"
  case precision
  case recall
  case density
  case coverage
  case classAccuracy = "class accuracy"
  case reward

  public var isBetterLower: Bool { self == .frechetDistance || self == .kernelDistance }

  /// Its name in files: "frechetDistance".
  public var key: String { "\(self)" }

  /// Nil where it was not measured.
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
