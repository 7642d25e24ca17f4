import Foundation
import Tensors

/// An autoencoder of images that can be trained from scratch. Images are [B, C, H, W] in -1...1.
public protocol TrainableAutoencoder: Trainable {
  /// Mean and log-variance of the normal distribution of an image's latents, each [B, c, h, w].
  func posterior(_ images: Tensor) throws -> (mean: Tensor, logVariance: Tensor)
  /// Decodes latents to images.
  func decode(_ latents: Tensor) throws -> Tensor
  /// Metadata that is written into its weight file.
  var metadata: [String: String] { get }
  /// The configuration file that is written next to the weights. It includes the factor that latents are multiplied by.
  func configuration(scale: Double) throws -> (name: String, contents: Data)
}
