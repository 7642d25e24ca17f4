import Networks
import Tensors

/// The network whose features metrics compare.
public protocol FeatureNetwork: AnyObject {
  /// Features [B, d] and class log-probabilities [B, classes].
  ///
  /// - Parameters:
  ///   - samples: as the backbone makes them; frames of videos are given as pixels here too.
  ///   - pixels: [B, C, H, W] in 0...1, of images or frames; nil for points.
  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor)

  /// Whether it reads whole videos [B, C, F, H, W] as pixels, and not their frames one by one.
  var readsVideos: Bool { get }

  /// Everything besides the samples that the features depend on, such as the weights' hash. Scores are compared only if
  /// it is the same.
  func fingerprint() throws -> Fingerprint
}

extension FeatureNetwork {
  public var readsVideos: Bool { false }

  /// Features [B, d] and class log-probabilities [B, classes] of samples of any medium. For videos they are means over the
  /// frames: of the features, and of the log-probabilities, normalized again.
  ///
  /// - Parameters:
  ///   - pixels: [B, C, H, W] in 0...1 of images, [B, C, F, H, W] of videos; nil for points.
  ///   - batch: the number of frames that the network gets at once.
  package func features(_ samples: Tensor, pixels: Tensor?, of medium: Medium, _ frames: VideoFrames, batch: Int) throws
    -> (features: Tensor, logProbabilities: Tensor)
  {
    guard case .videos = medium, !readsVideos else { return try features(samples, pixels: pixels) }
    guard let pixels else { throw TensorError("features", "the backbone's videos have no pixels") }
    var width = 0
    let both = try frames.mean(of: pixels, batch: batch) { images, _ in
      let (features, logProbabilities) = try self.features(images, pixels: images)
      width = features.shape[1]
      return try concatenated([features, logProbabilities.to(features.dtype)], 1)
    }
    return (try both[.all, .range(0, width)], try both[.all, .range(width, nil)].logSoftmax(1))
  }
}
