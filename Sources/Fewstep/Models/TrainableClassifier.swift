import Tensors

/// A classifier of pixels that can be trained. The trained classifier serves as a reward.
public protocol TrainableClassifier: Trainable {
  /// Metadata that is written into its weight file so that it can be read back.
  var metadata: [String: String] { get }
  /// Log-probabilities [B, classes] of pixels [B, C, H, W] in 0...1.
  func logProbabilities(_ pixels: Tensor) throws -> Tensor
}
