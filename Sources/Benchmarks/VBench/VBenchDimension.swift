/// What VBench judges videos by (Huang et al., arXiv 2311.17982). Raw values are its package's names.
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

  /// The two groups that a total is made of.
  public enum Group: Sendable { case quality, semantic }

  /// The group that the dimension counts for.
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

  /// In the mean of its group.
  public var weight: Double { self == .dynamicDegree ? 0.5 : 1 }

  /// A score with the published bounds taken to 0 and 1; beyond them it is not limited.
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

  /// What a score can be. Cosines may be negative. The aesthetic predictor is linear, so that nothing limits it; far beyond
  /// 0...1 it is no score.
  var bounds: ClosedRange<Double> {
    switch self {
    case .appearanceStyle, .temporalStyle, .overallConsistency: -1...1
    case .aestheticQuality: -1...2
    default: 0...1
    }
  }

  /// What the score of a single video can be in the package's results: imaging quality is divided by 100 in the end alone.
  var boundsOfVideos: ClosedRange<Double> { self == .imagingQuality ? 0...100 : bounds }

  /// Whether it is computed here; the others need VBench's package.
  public var isNative: Bool {
    switch self {
    case .subjectConsistency, .backgroundConsistency, .temporalFlickering, .aestheticQuality, .appearanceStyle: true
    default: false
    }
  }

  /// Whether the score of many videos is the mean over all their frames; otherwise it is that over videos, which differs
  /// where videos have other numbers of frames.
  var isMeanOfFrames: Bool {
    switch self {
    case .subjectConsistency, .backgroundConsistency, .appearanceStyle: true
    default: false
    }
  }
}
