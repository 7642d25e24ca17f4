import Files
import Tensors

extension CLIPImageProcessing {
  /// The preprocessor_config.json of a transformers model whose input images have `size` pixels per side.
  ///
  /// - Throws: `Failure` for an unsupported setting.
  init(_ config: ModelConfig, size: Int) throws {
    self.init(size: size, .crop)
    for key in ["do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"] {
      try config.accepts(key, true)
    }
    try config.accepts("resample", 3)  // bicubic
    try config.accepts("rescale_factor", .number(1.0 / 255))
    let side = JSONValue.integer(size)
    try config.accepts("size", side, ["shortest_edge": side])
    try config.accepts("crop_size", side, ["height": side, "width": side])
    mean = try config.channels("image_mean", mean)
    std = try config.channels("image_std", std)
    config.ignores(
      "image_processor_type", "feature_extractor_type", "processor_class", "data_format", "default_to_square")
    try config.finish()
  }

  /// The image preprocessing of an open_clip_config.json.
  ///
  /// - Throws: `Failure` for an unsupported setting.
  init(openCLIP file: ModelConfig, size: Int) throws {
    self.init(size: size, .torchvisionCrop)
    guard file.has("preprocess_cfg"), case .object(let values)? = file.values["preprocess_cfg"] else { return }
    let config = ModelConfig(values, path: "\(file.path): preprocess_cfg")
    try config.accepts("size", .integer(size), [.integer(size), .integer(size)])
    try config.accepts("mode", "RGB")
    try config.accepts("interpolation", "bicubic")
    try config.accepts("resize_mode", "shortest")
    mean = try config.channels("mean", mean)
    std = try config.channels("std", std)
    config.ignores("fill_color")
    try config.finish()
  }
}

extension ModelConfig {
  fileprivate func channels(_ key: String, _ defaultValue: [Double]) throws -> [Double] {
    let values = try numbers(key, default: defaultValue)
    guard values.count == 3 else { throw wrong(key, expected: "3 numbers", got: "\(values.count)") }
    return values
  }
}
