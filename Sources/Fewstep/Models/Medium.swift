/// The kind of decoded samples. Code checks it instead of guessing from shapes.
public enum Medium: Equatable, Sendable {
  /// Samples [B, D] without pixels.
  case points
  /// Pixels are [B, C, H, W].
  case images
  /// Pixels are [B, C, F, H, W].
  case videos(framesPerSecond: Double)
}

extension Medium: CustomStringConvertible {
  /// "images", for use in a sentence.
  public var description: String {
    switch self {
    case .points: "points"
    case .images: "images"
    case .videos: "videos"
    }
  }
}
