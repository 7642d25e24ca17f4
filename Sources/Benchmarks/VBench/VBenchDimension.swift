/// The dimensions in which VBench judges videos (Huang et al., arXiv 2311.17982). Raw values are its package's names.
public enum VBenchDimension: String, CaseIterable, Sendable {
  case subjectConsistency = "subject_consistency"
  case backgroundConsistency = "background_consistency"
  case temporalFlickering = "temporal_flickering"
  case motionSmoothness = "motion_smoothness"
  case dynamicDegree = "dynamic_degree"
  case aestheticQuality = "aesthetic_quality"
  case imagingQuality = "imaging_quality"
  case objectClass = "object_class"
  case multipleObjects = "multiple_objects"
  case humanAction = "human_action"
  case color
  case spatialRelationship = "spatial_relationship"
  case scene
  case appearanceStyle = "appearance_style"
  case temporalStyle = "temporal_style"
  case overallConsistency = "overall_consistency"

  /// The two groups whose means make up the total.
  public enum Group: Sendable { case quality, semantic }

  /// The group that the dimension belongs to.
  public var group: Group {
    switch self {
    case .subjectConsistency, .backgroundConsistency, .temporalFlickering, .motionSmoothness, .dynamicDegree,
      .aestheticQuality, .imagingQuality:
      .quality
    case .objectClass, .multipleObjects, .humanAction, .color, .spatialRelationship, .scene, .appearanceStyle,
      .temporalStyle, .overallConsistency:
      .semantic
    }
  }

  /// The weight in the mean of its group.
  public var weight: Double { self == .dynamicDegree ? 0.5 : 1 }

  /// A score rescaled so that the published bounds become 0 and 1; it is not clamped.
  public func normalized(_ score: Double) -> Double {
    let (lowest, highest) =
      switch self {
      case .subjectConsistency: (0.1462, 1.0)
      case .backgroundConsistency: (0.2615, 1.0)
      case .temporalFlickering: (0.6293, 1.0)
      case .motionSmoothness: (0.706, 0.9975)
      case .scene: (0.0, 0.8222)
      case .appearanceStyle: (0.0009, 0.2855)
      case .temporalStyle, .overallConsistency: (0.0, 0.364)
      default: (0.0, 1.0)
      }
    return (score - lowest) / (highest - lowest)
  }

  /// The possible range of a score. Cosines may be negative. The aesthetic predictor is linear and so unbounded, but
  /// values far outside 0...1 are invalid.
  var bounds: ClosedRange<Double> {
    switch self {
    case .appearanceStyle, .temporalStyle, .overallConsistency: -1...1
    case .aestheticQuality: -1...2
    default: 0...1
    }
  }

  /// The possible range of a single video's score in the package's results: imaging quality is divided by 100 only at
  /// the end.
  var boundsOfVideos: ClosedRange<Double> { self == .imagingQuality ? 0...100 : bounds }

  /// Whether it is computed here; the other dimensions need VBench's package.
  public var isNative: Bool {
    switch self {
    case .subjectConsistency, .backgroundConsistency, .temporalFlickering, .aestheticQuality, .appearanceStyle: true
    default: false
    }
  }

  /// Whether the score of many videos is the mean over all their frames. Otherwise it is the mean over videos, which
  /// differs if videos have different numbers of frames.
  var isMeanOfFrames: Bool {
    switch self {
    case .subjectConsistency, .backgroundConsistency, .appearanceStyle: true
    default: false
    }
  }
}
