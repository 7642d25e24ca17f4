import Foundation
import Tensors

/// An autoencoder of images that can be trained from nothing. Images are [B, C, H, W] in -1...1.
public protocol TrainableAutoencoder: Trainable {
  /// The normal distribution of an image's latents, each [B, c, h, w].
  func posterior(_ images: Tensor) throws -> (mean: Tensor, logVariance: Tensor)
  /// The images that latents stand for.
  func decode(_ latents: Tensor) throws -> Tensor
  /// What its weight file says of itself.
  var metadata: [String: String] { get }
  /// The configuration, a file `name` beside the weights, that says what latents are multiplied by.
  func configuration(scale: Double) throws -> (name: String, contents: Data)
}
