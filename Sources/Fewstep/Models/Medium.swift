/// What decoded samples are: asked instead of guessed from shapes.
public enum Medium: Equatable, Sendable {
  /// Samples [B, D] are what they are: there are no pixels.
  case points
  /// Pixels are [B, C, H, W].
  case images
  /// Pixels are [B, C, F, H, W].
  case videos(framesPerSecond: Double)
}

extension Medium: CustomStringConvertible {
  /// "images", as in a sentence.
  public var description: String {
    switch self {
    case .points: "points"
    case .images: "images"
    case .videos: "videos"
    }
  }
}
