import Files
import Tensors

extension UNetConfiguration {
  /// The number of values that condition on an image's size: original height and width, crop top and left, target
  /// height and width.
  static let sizeCount = 6

  /// Reads a UNet2DConditionModel's config.json; a missing key has diffusers' default.
  ///
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented, not possible or not known.
  public init(_ config: ModelConfig) throws {
    try config.accepts("_class_name", "UNet2DConditionModel")
    guard config.has("addition_embed_type"), config.values["addition_embed_type"] == "text_time" else {
      throw Failure(
        .malformed, at: "\(config.path): addition_embed_type", "this is no SDXL UNet", expected: "\"text_time\"",
        got: (config.values["addition_embed_type"] ?? .null).description,
        advice: "Other Stable Diffusion models (1.5, 2.1) have no embedding of pooled text and image size.")
    }
    levels = try Self.levels(config)
    inputChannels = try Self.positive("in_channels", config, default: 4)
    outputChannels = try Self.positive("out_channels", config, default: 4)
    sampleSize = config.has("sample_size") ? try config.integers("sample_size", count: 2) : nil

    let textWidths = try config.integers("cross_attention_dim", count: levels.count, default: [1280])
    guard Set(textWidths).count == 1, textWidths[0] > 0 else {
      throw config.wrong("cross_attention_dim", expected: "one width for all levels", got: "\(textWidths)")
    }
    textWidth = textWidths[0]
    sizeWidth = try Self.positive("addition_time_embed_dim", config)
    let joined = try config.integer("projection_class_embeddings_input_dim")
    pooledWidth = joined - Self.sizeCount * sizeWidth
    guard pooledWidth > 0 else {
      throw config.wrong(
        "projection_class_embeddings_input_dim",
        expected: "more than \(Self.sizeCount) · addition_time_embed_dim (\(sizeWidth))", got: "\(joined)")
    }

    groups = try Self.positive("norm_num_groups", config, default: 32)
    for level in levels where !level.channels.isMultiple(of: groups) {
      throw config.wrong("norm_num_groups", expected: "a divisor of \(level.channels) channels", got: "\(groups)")
    }
    epsilon = try config.number("norm_eps", default: 1e-5)
    projectsLinearly = try config.boolean("use_linear_projection", default: false)
    cosinesFirst = try config.boolean("flip_sin_to_cos", default: true)
    frequencyShift = try config.number("freq_shift", default: 0)
    guard 0..<Double(min(levels[0].channels, sizeWidth) / 2) ~= frequencyShift else {
      throw config.wrong(
        "freq_shift", expected: "from 0 to less than half of a sinusoid's width", got: "\(frequencyShift)")
    }
    try config.accepts("resnet_time_scale_shift", "default", "scale_shift")
    embeddingScales = try config.text("resnet_time_scale_shift", default: "default") == "scale_shift"
    try config.accepts("downsample_padding", 0, 1)
    downsamplePadding = try config.integer("downsample_padding", default: 1)
    middleScale = try config.number("mid_block_scale_factor", default: 1)
    guard middleScale != 0 else { throw config.wrong("mid_block_scale_factor", expected: "not 0", got: "0") }
    try Self.refuseTheRest(config)
  }

  private static func levels(_ config: ModelConfig) throws -> [Level] {
    let channels = try config.integers("block_out_channels", default: [320, 640, 1280, 1280])
    guard 1...16 ~= channels.count, channels.allSatisfy({ $0 > 0 }) else {
      throw config.wrong("block_out_channels", expected: "1 to 16 positive numbers", got: "\(channels)")
    }
    func each(_ key: String, _ defaultValue: Int, from least: Int) throws -> [Int] {
      let values = try config.integers(
        key, count: channels.count, default: Array(repeating: defaultValue, count: channels.count))
      guard values.allSatisfy({ $0 >= least }) else {
        throw config.wrong(key, expected: "numbers from \(least)", got: "\(values)")
      }
      return values
    }
    func attention(_ key: String, plain: String, attending: String) throws -> [Bool] {
      let types = try config.texts(key)
      guard types.count == channels.count, types.allSatisfy({ $0 == plain || $0 == attending }) else {
        throw config.wrong(
          key, expected: "\(channels.count) times \(plain) or \(attending)", got: types.joined(separator: ", "))
      }
      return types.map { $0 == attending }
    }
    let layers = try each("layers_per_block", 2, from: 1)
    // The key is misnamed: in diffusers, too, these are numbers of heads.
    let heads = try each("attention_head_dim", 8, from: 1)
    let blocks = try each("transformer_layers_per_block", 1, from: 0)
    let down = try attention("down_block_types", plain: "DownBlock2D", attending: "CrossAttnDownBlock2D")
    let up = try attention("up_block_types", plain: "UpBlock2D", attending: "CrossAttnUpBlock2D")
    return try channels.indices.map { index in
      let (attendsDown, attendsUp) = (down[index], up[channels.count - 1 - index])
      let attends = attendsDown || attendsUp || index == channels.count - 1
      guard !attends || channels[index].isMultiple(of: heads[index]) else {
        throw config.wrong(
          "attention_head_dim", expected: "a number of heads that divides \(channels[index]) channels",
          got: "\(heads[index])")
      }
      return Level(
        channels: channels[index], layers: layers[index], heads: heads[index], transformerBlocks: blocks[index],
        attendsDown: attendsDown, attendsUp: attendsUp)
    }
  }

  private static func positive(_ key: String, _ config: ModelConfig, default defaultValue: Int? = nil) throws -> Int {
    let value = try config.integer(key, default: defaultValue)
    guard value > 0 else { throw config.wrong(key, expected: "a positive number", got: "\(value)") }
    return value
  }

  /// Refuses the features of other networks of the same class.
  private static func refuseTheRest(_ config: ModelConfig) throws {
    // null is a value here, not the default.
    for (key, expected) in [("mid_block_type", "UNetMidBlock2DCrossAttn"), ("norm_num_groups", "a number")]
    where config.values[key] == .null {
      throw config.wrong(key, expected: expected, got: "null")
    }
    try config.accepts("mid_block_type", "UNetMidBlock2DCrossAttn")
    try config.accepts("act_fn", "silu", "swish")
    try config.accepts("dropout", 0)
    try config.accepts("time_embedding_type", "positional")
    try config.accepts("attention_type", "default")
    try config.accepts("conv_in_kernel", 3)
    try config.accepts("conv_out_kernel", 3)
    try config.accepts("resnet_out_scale_factor", 1)
    for key in [
      "center_input_sample", "only_cross_attention", "mid_block_only_cross_attention", "dual_cross_attention",
      "class_embeddings_concat", "resnet_skip_time_act", "upcast_attention",
    ] {
      try config.accepts(key, false)
    }
    for key in [
      "num_attention_heads", "reverse_transformer_layers_per_block", "class_embed_type", "num_class_embeds",
      "encoder_hid_dim", "encoder_hid_dim_type", "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act",
      "time_cond_proj_dim", "cross_attention_norm",
    ] {
      try config.accepts(key, .null)
    }
    config.ignores("addition_embed_type_num_heads")  // of another addition_embed_type
    try config.finish()
  }
}
