import Foundation
import Tensors

/// An autoencoder of images that can be trained from nothing. Images are [B, C, H, W] in -1...1.
public protocol TrainableAutoencoder: Trainable {
  /// The normal distribution of an image's latents, each [B, c, h, w].
  func posterior(_ images: Tensor) throws -> (mean: Tensor, logVariance: Tensor)
  /// The images that latents stand for.
  func decode(_ latents: Tensor) throws -> Tensor
  /// Written into its weight file.
  var metadata: [String: String] { get }
  /// The configuration file, written next to the weights, with the factor that latents are multiplied by.
  func configuration(scale: Double) throws -> (name: String, contents: Data)
}
