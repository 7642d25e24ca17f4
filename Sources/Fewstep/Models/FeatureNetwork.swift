import Networks
import Tensors

/// What metrics see samples through.
public protocol FeatureNetwork: AnyObject {
  /// Features [B, d] and class log-probabilities [B, classes].
  ///
  /// - Parameters:
  ///   - samples: as the backbone makes them.
  ///   - pixels: [B, C, H, W] in 0...1, or nil if samples are no images.
  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor)

  /// What features depend on besides the samples, such as the weights' hash. Scores are compared only if it is the same.
  func fingerprint() throws -> Fingerprint
}
