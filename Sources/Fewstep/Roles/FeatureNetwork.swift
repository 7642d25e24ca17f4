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

/// A classifier of pixels that can be trained: a reward before it becomes one.
public protocol TrainableClassifier: Trainable {
  /// What its weight file must say to be read back.
  var metadata: [String: String] { get }
  /// Log-probabilities [B, classes] of pixels [B, C, H, W] in 0...1.
  func logProbabilities(_ pixels: Tensor) throws -> Tensor
}
