import Fewstep
import Files
import Tensors

extension AutoencoderKL {
  /// The config.json of an AutoencoderKL; missing keys have diffusers' defaults.
  public struct Configuration: Equatable, Sendable {
    public var imageChannels: Int
    public var outputChannels: Int
    public var latentChannels: Int
    /// Channels of each level; the resolution halves between levels.
    public var channels: [Int]
    /// The number of residual blocks per level of the encoder; the decoder has one more.
    public var blocks: Int
    /// The number of groups in the normalization layers.
    public var groups: Int
    /// Whether encoder and decoder have attention in their middle block.
    public var attends: Bool
    /// Whether a 1x1 convolution follows the encoder, and another one precedes the decoder.
    public var convolvesMoments: Bool
    public var convolvesLatents: Bool
    /// Diffusion models work on (latent - mean) · scale / std.
    public var scale: Double
    /// One number per latent channel, or nil for 0 and 1.
    public var mean: [Double]?
    public var std: [Double]?
    /// Whether float16 overflows in this model.
    public var needsFloat32: Bool
    /// The side of the images that it was trained on, in pixels: the default side of a tile.
    public var side: Int

    /// The number of pixels per latent along a side.
    public var factor: Int { 1 << (channels.count - 1) }

    /// - Throws: `Failure` for a setting that is not implemented.
    public init(_ config: ModelConfig) throws {
      try config.accepts("_class_name", "AutoencoderKL")
      imageChannels = try config.count("in_channels", default: 3)
      outputChannels = try config.count("out_channels", default: 3)
      latentChannels = try config.count("latent_channels", default: 4)
      channels = try config.integers("block_out_channels", default: [64])
      blocks = try config.count("layers_per_block", default: 1)
      groups = try config.count("norm_num_groups", default: 32)
      attends = try config.boolean("mid_block_add_attention", default: true)
      convolvesMoments = try config.boolean("use_quant_conv", default: true)
      convolvesLatents = try config.boolean("use_post_quant_conv", default: true)
      scale = try config.number("scaling_factor", default: 0.18215)
      mean = config.has("latents_mean") ? try config.numbers("latents_mean") : nil
      std = config.has("latents_std") ? try config.numbers("latents_std") : nil
      needsFloat32 = try config.boolean("force_upcast", default: true)
      side = try config.integers("sample_size", count: 2, default: [32, 32])[0]
      try config.accepts("shift_factor", .null)
      try config.accepts("act_fn", "silu", "swish")
      try check(config)
      try config.finish()
    }

    private func check(_ config: ModelConfig) throws {
      for (key, kind) in [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")] {
        let kinds = try config.texts(key, default: [kind])
        guard kinds == Array(repeating: kind, count: channels.count) else {
          throw config.wrong(
            key, expected: "\(kind) for each of the \(channels.count) block_out_channels",
            got: kinds.joined(separator: ", "))
        }
      }
      guard 1...16 ~= channels.count, channels.allSatisfy({ 1...(1 << 24) ~= $0 && $0 % groups == 0 }) else {
        throw config.wrong(
          "block_out_channels", expected: "1 to 16 multiples of norm_num_groups, \(groups)", got: "\(channels)")
      }
      guard scale > 0 else { throw config.wrong("scaling_factor", expected: "a positive number", got: "\(scale)") }
      for (key, values) in [("latents_mean", mean), ("latents_std", std)] {
        guard let values, values.count != latentChannels else { continue }
        throw config.wrong(key, expected: "\(latentChannels) numbers, one a latent channel", got: "\(values.count)")
      }
    }
  }
}
