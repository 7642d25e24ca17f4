/// A number in a score by which models are compared.
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

  /// The metric's name in recipes and curves: "frechet-distance".
  public var settingName: String {
    switch self {
    case .frechetDistance: "frechet-distance"
    case .kernelDistance: "kernel-distance"
    case .classAccuracy: "class-accuracy"
    default: rawValue
    }
  }

  /// The metric's name in files: "frechetDistance".
  public var key: String { "\(self)" }
}
