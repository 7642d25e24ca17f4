import Files
import Tensors

extension WanTransformerConfiguration {
  /// Reads the config.json of a WanTransformer3DModel, or of a WanModel in the authors' own layout.
  ///
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented, not possible or not known.
  public init(_ config: ModelConfig) throws {
    if config.values["_class_name"] == "WanModel" {
      try self.init(original: config)
    } else {
      try self.init(diffusers: config)
    }
  }

  /// A missing key has diffusers' default.
  private init(diffusers config: ModelConfig) throws {
    try config.accepts("_class_name", "WanTransformer3DModel")
    for key in ["image_dim", "added_kv_proj_dim", "pos_embed_seq_len"] where config.has(key) {
      throw Self.imageToVideo(config, key)
    }
    try config.accepts("qk_norm", "rms_norm_across_heads")
    patch = try config.integers("patch_size", count: 3, default: [1, 2, 2])
    inputChannels = try config.count("in_channels", default: 16)
    outputChannels = try config.count("out_channels", default: 16)
    heads = try config.count("num_attention_heads", default: 40)
    headWidth = try config.count("attention_head_dim", default: 128)
    layers = try config.count("num_layers", default: 40)
    feedForwardWidth = try config.count("ffn_dim", default: 13824)
    textWidth = try config.count("text_dim", default: 4096)
    timeWidth = try config.count("freq_dim", default: 256)
    epsilon = try config.number("eps", default: 1e-6)
    normalizesBeforeText = try config.boolean("cross_attn_norm", default: true)
    maximumPositions = try config.count("rope_max_seq_len", default: 1024)
    try check(config, "attention_head_dim")
  }

  private init(original config: ModelConfig) throws {
    try config.accepts("_class_name", "WanModel")
    let kind = try config.text("model_type", default: "t2v")
    guard kind != "ti2v" else {
      throw Failure(
        .malformed, at: "\(config.path): model_type", "this is Wan2.2", expected: "a model of Wan2.1", got: kind)
    }
    guard kind == "t2v" else { throw Self.imageToVideo(config, "model_type") }
    for key in ["qk_norm", "cross_attn_norm"] { try config.accepts(key, true) }
    config.ignores("text_len", "window_size")
    patch = try config.integers("patch_size", count: 3, default: [1, 2, 2])
    inputChannels = try config.count("in_dim", default: 16)
    outputChannels = try config.count("out_dim", default: 16)
    let width = try config.count("dim", default: 2048)
    heads = try config.count("num_heads", default: 16)
    headWidth = width / heads
    guard width.isMultiple(of: heads) else {
      throw config.wrong("num_heads", expected: "a number of heads that divides dim \(width)", got: "\(heads)")
    }
    layers = try config.count("num_layers", default: 32)
    feedForwardWidth = try config.count("ffn_dim", default: 8192)
    textWidth = try config.count("text_dim", default: 4096)
    timeWidth = try config.count("freq_dim", default: 256)
    epsilon = try config.number("eps", default: 1e-6)
    normalizesBeforeText = true
    maximumPositions = 1024
    try check(config, "dim")
  }

  private func check(_ config: ModelConfig, _ widthKey: String) throws {
    guard patch.allSatisfy({ 1...64 ~= $0 }) else {
      throw config.wrong("patch_size", expected: "three numbers from 1 to 64", got: "\(patch)")
    }
    guard headWidth.isMultiple(of: 2), headWidth >= 6 else {
      throw config.wrong(widthKey, expected: "heads of an even width from 6", got: "\(headWidth)")
    }
    try config.finish()
  }

  private static func imageToVideo(_ config: ModelConfig, _ key: String) -> Failure {
    Failure(
      .malformed, at: "\(config.path): \(key)", "the model makes videos from images",
      expected: "a text-to-video model of Wan2.1", got: (config.values[key] ?? .null).description,
      advice: "Wan2.1-T2V-1.3B and Wan2.1-T2V-14B can be distilled here.")
  }
}
