import Networks
import Tensors

/// What metrics see samples through.
public protocol FeatureNetwork: AnyObject {
  /// Features [B, d] and class log-probabilities [B, classes].
  ///
  /// - Parameters:
  ///   - samples: as the backbone makes them.
  ///   - pixels: [B, C, H, W] in 0...1, or nil where samples are no images.
  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor)

  /// The tensors that the features depend on; what scores are compared by, see `EvaluationLock`.
  func identity() throws -> [Tensor]
}
