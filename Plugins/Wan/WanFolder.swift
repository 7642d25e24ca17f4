import Encoders
import Files
import Foundation
import Tensors

/// A folder of Wan2.1, in diffusers' layout or in that of its authors, whose tensors then get diffusers' names.
struct WanFolder {
  let folder: PipelineFolder
  let variant: String?

  /// The class in the config.json of the authors' layout.
  static let originalClass = "WanModel"
  static let autoencoderFile = "Wan2.1_VAE.pth"
  static let textEncoderFile = "models_t5_umt5-xxl-enc-bf16.pth"
  static let tokenizerFolder = "google/umt5-xxl"

  var isOriginal: Bool { folder.className == Self.originalClass }

  /// - Throws: `Failure` if the folder holds another model of the same class.
  init(_ folder: PipelineFolder, variant: String?) throws {
    (self.folder, self.variant) = (folder, variant)
    // Of Wan2.2 the 14B has two transformers and a level between them, and the 5B a time for each token.
    let signs = [
      "transformer_2": folder.className(of: "transformer_2") != nil,
      "boundary_ratio": folder.index["boundary_ratio"].map { !$0.isNull } ?? false,
      "expand_timesteps": folder.index["expand_timesteps"] == true,
    ]
    if let sign = signs.filter(\.value).keys.min() {
      throw Failure(
        .malformed, at: "\(folder.path)/model_index.json: \(sign)", "this is Wan2.2", expected: "a model of Wan2.1",
        got: (folder.index[sign] ?? .null).description)
    }
  }

  // MARK: Configs

  func transformerConfig() throws -> ModelConfig {
    try ModelConfig(
      isOriginal
        ? "\(folder.path)/config.json" : "\(folder.component("transformer", "WanTransformer3DModel"))/config.json")
  }

  func autoencoderConfiguration() throws -> AutoencoderKLWan.Configuration {
    guard !isOriginal else {
      // A plan needs no weights: then it is the published one's.
      let isThere = FileManager.default.fileExists(atPath: "\(folder.path)/\(Self.autoencoderFile)")
      return isThere ? try AutoencoderKLWan.Configuration(of: autoencoder()) : AutoencoderKLWan.Configuration()
    }
    return try AutoencoderKLWan.Configuration(
      ModelConfig("\(folder.component("vae", "AutoencoderKLWan"))/config.json"))
  }

  // MARK: Weights

  func transformer() throws -> any WeightSource {
    guard isOriginal else {
      return try Weights.open(folder: "\(folder.path)/transformer", stem: "diffusion_pytorch_model", variant: variant)
    }
    return RenamedWeights(
      try Weights.open(folder: folder.path, stem: "diffusion_pytorch_model", variant: variant),
      WanNames.diffusers(transformer:))
  }

  func autoencoder() throws -> any WeightSource {
    guard isOriginal else {
      return try Weights.open(folder: "\(folder.path)/vae", stem: "diffusion_pytorch_model", variant: variant)
    }
    return RenamedWeights(try Weights.open("\(folder.path)/\(Self.autoencoderFile)"), WanNames.diffusers(autoencoder:))
  }

  func textEncoder() throws -> any WeightSource {
    guard isOriginal else {
      return UMT5Encoder.named(
        try Weights.open(
          folder: folder.component("text_encoder", "UMT5EncoderModel"), stem: "model", variant: variant))
    }
    return UMT5Encoder.named(try Weights.open("\(folder.path)/\(Self.textEncoderFile)"))
  }

  func textEncoderConfiguration() throws -> UMT5Configuration {
    guard !isOriginal else { return try UMT5Configuration(of: textEncoder()) }
    return try UMT5Configuration(
      ModelConfig("\(folder.component("text_encoder", "UMT5EncoderModel"))/config.json"))
  }

  func tokenizer() throws -> String {
    isOriginal
      ? "\(folder.path)/\(Self.tokenizerFolder)"
      : try folder.component("tokenizer", "T5TokenizerFast", "T5Tokenizer", "AutoTokenizer", "TokenizersBackend")
  }
}
