import Files
import Tensors

extension CLIPConfiguration {
  /// OpenCLIP's ViT-H-14, for HPSv2 and (in transformers' layout) PickScore.
  public static let vitH14 = CLIPConfiguration(
    text: CLIPTextConfiguration(
      encoder: CLIPEncoderShape(
        width: 1024, layers: 24, heads: 16, hidden: 4096, activation: .exact, epsilon: 1e-5),
      vocabulary: 49408, positions: 77, projection: 1024, end: nil),
    vision: CLIPVisionConfiguration(
      encoder: CLIPEncoderShape(
        width: 1280, layers: 32, heads: 16, hidden: 5120, activation: .exact, epsilon: 1e-5),
      size: 224, patch: 14, projection: 1024))

  /// open_clip's configuration of a model: one of its model_configs, or the `model_cfg` of a folder's
  /// open_clip_config.json.
  ///
  /// - Throws: `Failure` for an unsupported setting.
  public init(openCLIP file: ModelConfig) throws {
    let config = file.has("model_cfg") ? try Self.part("model_cfg", of: file) : file
    let projection = try config.count("embed_dim")
    let activation: GELU = try config.boolean("quick_gelu", default: false) ? .quick : .exact
    try config.accepts("custom_text", false)

    let image = try Self.part("vision_cfg", of: config)
    let headWidth = try image.count("head_width", default: 64)
    let width = try image.count("width", default: 768)
    vision = CLIPVisionConfiguration(
      encoder: try CLIPEncoderShape(openCLIP: image, width: width, heads: max(1, width / headWidth), activation),
      size: try image.count("image_size", default: 224), patch: try image.count("patch_size", default: 16),
      projection: projection)
    try image.accepts("pool_type", "tok")
    image.ignores("patch_dropout", "output_tokens")
    try image.finish()
    try vision.check(image)

    let textConfig = try Self.part("text_cfg", of: config)
    text = CLIPTextConfiguration(
      encoder: try CLIPEncoderShape(
        openCLIP: textConfig, width: textConfig.count("width", default: 512),
        heads: textConfig.count("heads", default: 8),
        activation),
      vocabulary: try textConfig.count("vocab_size", default: 49408),
      positions: try textConfig.count("context_length", default: 77), projection: projection, end: nil)
    try textConfig.accepts("pool_type", "argmax")
    try textConfig.accepts("proj_type", "linear")
    textConfig.ignores("output_tokens", "pad_id", "eos_id")
    try textConfig.finish()
    try config.finish()
  }

  private static func part(_ name: String, of config: ModelConfig) throws -> ModelConfig {
    guard config.has(name), case .object(let values)? = config.values[name] else {
      throw Failure(
        .malformed, at: config.path, "the setting '\(name)' is missing", expected: "an object",
        advice: "Only CLIP models whose towers open_clip builds itself are read.")
    }
    return ModelConfig(values, path: "\(config.path): \(name)")
  }
}

extension CLIPEncoderShape {
  fileprivate init(openCLIP config: ModelConfig, width: Int, heads: Int, _ activation: GELU) throws {
    let ratio = try config.number("mlp_ratio", default: 4)
    guard ratio > 0, ratio <= 64 else { throw config.wrong("mlp_ratio", expected: "up to 64", got: "\(ratio)") }
    guard width % heads == 0 else {
      throw config.wrong("width", expected: "a multiple of its \(heads) heads", got: "\(width)")
    }
    self.init(
      width: width, layers: try config.count("layers", default: 12), heads: heads, hidden: Int(Double(width) * ratio),
      activation: activation, epsilon: 1e-5)
  }
}
