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

  /// Whether a lower value is better.
  public var isBetterLower: Bool { self == .frechetDistance || self == .kernelDistance }

  /// Its name in files: "frechetDistance".
  public var key: String { "\(self)" }
}
