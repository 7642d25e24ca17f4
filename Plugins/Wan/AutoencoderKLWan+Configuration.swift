import Files
import Tensors

extension AutoencoderKLWan {
  /// The sizes of Wan's autoencoder, as in the config.json of a diffusers AutoencoderKLWan.
  public struct Configuration: Equatable, Sendable {
    /// The number of channels at each level, the highest resolution first.
    public let channels: [Int]
    public let latentChannels: Int
    /// The number of residual blocks of a level of the encoder; the decoder has one more.
    public let blocks: Int
    /// Whether the encoder halves the number of frames, too, from each level to the next.
    public let halvesFrames: [Bool]
    /// The mean and the standard deviation of each latent channel.
    public let mean: [Double]
    public let std: [Double]

    /// Pixels of a latent along a side.
    public var factor: Int { 1 << (channels.count - 1) }
    /// Frames of a latent, but for the first, which is one frame.
    public var timeFactor: Int { 1 << halvesFrames.count { $0 } }

    /// Reads a config.json; a missing key has diffusers' default, which is Wan2.1's.
    ///
    /// - Throws: `Failure.malformed` naming a key whose value is not implemented, not possible or not known.
    public init(_ config: ModelConfig) throws {
      try config.accepts("_class_name", "AutoencoderKLWan")
      let isResidual = try config.boolean("is_residual", default: false)
      if isResidual || config.has("patch_size") || config.values["z_dim"] == 48 {
        throw Failure(
          .malformed, at: config.path, "this is the autoencoder of Wan2.2", expected: "that of Wan2.1",
          got: "is_residual, patch_size or 48 channels")
      }
      let base = try config.count("base_dim", default: 96)
      if config.has("decoder_base_dim"), try config.integer("decoder_base_dim") != base {
        throw config.wrong("decoder_base_dim", expected: "\(base), as base_dim", got: "another number")
      }
      let multiples = try config.integers("dim_mult", default: [1, 2, 4, 4])
      guard 2...8 ~= multiples.count, multiples.allSatisfy({ 1...1024 ~= $0 }) else {
        throw config.wrong("dim_mult", expected: "2 to 8 numbers from 1", got: "\(multiples)")
      }
      channels = multiples.map { base * $0 }
      latentChannels = try config.count("z_dim", default: 16)
      blocks = try config.count("num_res_blocks", default: 2)
      halvesFrames = try config.booleans("temperal_downsample", default: [false, true, true])
      guard halvesFrames.count == channels.count - 1 else {
        throw config.wrong(
          "temperal_downsample", expected: "\(channels.count - 1) values, one between two levels",
          got: "\(halvesFrames.count)")
      }
      // A level after the first begins with half the channels that the level before it ends with.
      guard channels.dropFirst().allSatisfy({ $0.isMultiple(of: 2) }) else {
        throw config.wrong("base_dim", expected: "even numbers of channels", got: "\(channels)")
      }
      (mean, std) = (
        try config.numbers("latents_mean", default: Self.wanMean),
        try config.numbers("latents_std", default: Self.wanStd)
      )
      for (key, values) in [("latents_mean", mean), ("latents_std", std)] where values.count != latentChannels {
        throw config.wrong(key, expected: "\(latentChannels) numbers, one a channel", got: "\(values.count)")
      }
      guard std.allSatisfy({ $0 > 0 }) else {
        throw config.wrong("latents_std", expected: "positive numbers", got: "\(std)")
      }
      try config.accepts("attn_scales", .array([]))
      try config.accepts("dropout", 0)
      try config.accepts("clip_output", true)
      for key in ["in_channels", "out_channels"] { try config.accepts(key, 3) }
      config.ignores("scale_factor_temporal", "scale_factor_spatial")
      try config.finish()
    }

    /// The sizes of weights that come without a config, in diffusers' names, with Wan2.1's means and deviations.
    ///
    /// - Throws: `Failure` naming the file and a tensor that is missing.
    public init(of weights: any WeightSource) throws {
      var (channels, halves, blocks) = ([Int](), [Bool](), [Int]())
      var count = 0
      for index in 0... {
        let place = "encoder.down_blocks.\(index)"
        if weights.contains("\(place).resample.1.weight") {
          halves.append(weights.contains("\(place).time_conv.weight"))
          blocks.append(count)
          count = 0
        } else if weights.contains("\(place).conv1.weight") {
          if count == 0 { channels.append(try weights.tensor("\(place).conv1.weight").shape[0]) }
          count += 1
        } else {
          break
        }
      }
      let latent = try weights.tensor("post_quant_conv.weight").shape
      guard channels.count > 1, halves.count == channels.count - 1, Set(blocks + [count]).count == 1,
        latent.first == Self.wanMean.count
      else { throw Failure(.malformed, at: weights.path, "the weights are not those of Wan2.1's autoencoder") }
      (self.channels, halvesFrames, self.blocks, latentChannels) = (channels, halves, count, Self.wanMean.count)
      (mean, std) = (Self.wanMean, Self.wanStd)
    }

    /// Wan2.1's own.
    public init() {
      channels = [96, 192, 384, 384]
      latentChannels = 16
      blocks = 2
      halvesFrames = [false, true, true]
      (mean, std) = (Self.wanMean, Self.wanStd)
    }

    private static let wanMean = [
      -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922,
      -0.9497, 0.2503, -0.2921,
    ]
    private static let wanStd = [
      2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253,
      2.8251, 1.9160,
    ]
  }
}
