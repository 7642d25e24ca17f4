import Files
import Tensors

/// The config.json of a CLIP image model.
public struct CLIPVisionConfiguration: Equatable, Sendable {
  public var encoder: CLIPEncoderShape
  /// The side of its square input, in pixels.
  public var size: Int
  /// The side of the square patches of an image, in pixels.
  public var patch: Int
  /// The width of the projected embedding.
  public var projection: Int

  /// The number of patches of an image.
  var patches: Int { (size / patch) * (size / patch) }

  /// - Parameter config: missing settings have transformers' defaults.
  /// - Throws: `Failure` for an unsupported setting.
  init(_ config: ModelConfig, projection: Int) throws {
    try config.accepts("model_type", "clip_vision_model")
    try config.accepts("num_channels", 3)
    encoder = try CLIPEncoderShape(config, width: 768, layers: 12, heads: 12, hidden: 3072)
    (size, patch) = (try config.count("image_size", default: 224), try config.count("patch_size", default: 32))
    self.projection = projection
    config.ignores(
      "architectures", "projection_dim", "attention_dropout", "dropout", "initializer_factor", "initializer_range",
      "torch_dtype", "dtype", "transformers_version")
    try config.finish()
    try check(config)
  }

  init(encoder: CLIPEncoderShape, size: Int, patch: Int, projection: Int) {
    (self.encoder, self.size, self.patch, self.projection) = (encoder, size, patch, projection)
  }

  func check(_ config: ModelConfig) throws {
    guard patch <= size else {
      throw config.wrong("patch_size", expected: "at most image_size, \(size)", got: "\(patch)")
    }
  }
}
