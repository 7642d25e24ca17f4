import Networks
import Tensors

/// The network whose features metrics compare.
public protocol FeatureNetwork: AnyObject {
  /// Features [B, d] and class log-probabilities [B, classes].
  ///
  /// - Parameters:
  ///   - samples: as the backbone makes them.
  ///   - pixels: [B, C, H, W] in 0...1, or nil for points.
  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor)

  /// Everything besides the samples that the features depend on, such as the weights' hash. Scores are compared only if
  /// it is the same.
  func fingerprint() throws -> Fingerprint
}
