import Encoders
import Files
import Tensors

/// SDXL's two text encoders with their tokenizers: they turn prompts into the U-Net's condition, like diffusers'
/// `StableDiffusionXLPipeline.encode_prompt`. They are frozen.
public final class TextEncoders {
  private let first: Encoder
  private let second: Encoder
  /// Whether "no prompt" is zeros instead of the embedding of an empty prompt.
  private let zeroesNothing: Bool
  /// The number of prompts that are encoded at once.
  private static let batch = 16

  private struct Encoder {
    let tokenizer: CLIPTokenizer
    let model: CLIPTextTransformer
    let device: Device
  }

  /// Reads the components tokenizer, tokenizer_2, text_encoder and text_encoder_2.
  ///
  /// - Parameter variant: the variant of the weight files: "fp16".
  /// - Throws: `Failure` naming the file, and the setting or tensor in it that is missing or cannot be used.
  public init(
    _ folder: PipelineFolder, variant: String? = nil, dtype: DType = .float32, on device: Device = .cpu
  ) throws {
    let files = try Files.both(folder, variant).map { files in
      Encoder(
        tokenizer: files.tokenizer,
        model: try CLIPTextTransformer(files.weights, files.configuration, dtype: dtype, on: device), device: device)
    }
    (first, second) = (files[0], files[1])
    zeroesNothing = Self.zeroesNothing(folder)
    guard first.tokenizer.length == second.tokenizer.length else {
      throw Failure(
        .malformed, at: "\(folder.path)/tokenizer_2/tokenizer_config.json: model_max_length",
        expected: "\(first.tokenizer.length), as in tokenizer", got: "\(second.tokenizer.length)")
    }
  }

  /// Hashes of everything that embeddings depend on, by component. Makes no network.
  static func fingerprint(_ folder: PipelineFolder, variant: String?) throws -> Fingerprint {
    var fingerprint: Fingerprint = ["force_zeros_for_empty_prompt": "\(zeroesNothing(folder))"]
    for files in try Files.both(folder, variant) {
      fingerprint["tokenizer\(files.suffix)"] = files.tokenizer.digest
      fingerprint["text_encoder\(files.suffix)"] = hash("\(try files.weights.digest()) \(files.configuration)")
    }
    return fingerprint
  }

  private static func zeroesNothing(_ folder: PipelineFolder) -> Bool {
    folder.index["force_zeros_for_empty_prompt"] != false
  }

  /// One encoder's files, opened.
  private struct Files {
    let suffix: String
    let tokenizer: CLIPTokenizer
    let configuration: CLIPTextConfiguration
    let weights: any WeightSource

    static func both(_ folder: PipelineFolder, _ variant: String?) throws -> [Files] {
      [
        try Files(folder, "", "CLIPTextModel", projected: false, variant),
        try Files(folder, "_2", "CLIPTextModelWithProjection", projected: true, variant),
      ]
    }

    private init(
      _ folder: PipelineFolder, _ suffix: String, _ modelClass: String, projected: Bool, _ variant: String?
    ) throws {
      self.suffix = suffix
      let tokens = try folder.component("tokenizer\(suffix)", "CLIPTokenizer", "CLIPTokenizerFast")
      tokenizer = try CLIPTokenizer(tokens)
      let path = try folder.component("text_encoder\(suffix)", modelClass)
      configuration = try CLIPTextConfiguration(ModelConfig("\(path)/config.json"), projected: projected)
      try configuration.check(tokenizer, tokens)
      weights = try Weights.open(folder: path, stem: "model", variant: variant)
    }
  }

  /// The U-Net's text inputs.
  ///
  /// - Returns: the hidden states before each encoder's last layer, side by side, [B, L, C1 + C2]; the second encoder's
  ///   projected embedding [B, P]; and how many of each prompt's tokens were cut off.
  public func callAsFunction(_ prompts: [String]) throws -> (text: Tensor, pooled: Tensor, cutOff: [Int]) {
    var texts = [Tensor]()
    var pooled = [Tensor]()
    var cutOff = [Int]()
    for start in stride(from: 0, to: prompts.count, by: Self.batch) {
      let part = Array(prompts[start..<min(start + Self.batch, prompts.count)])
      let (firstIDs, firstCut) = try first.tokenizer.encode(part)
      let (secondIDs, secondCut) = try second.tokenizer.encode(part)
      let output = try second.model(secondIDs.to(second.device))
      texts.append(
        try concatenated([first.model.penultimate(firstIDs.to(first.device)), output.penultimate], -1))
      pooled.append(output.projected ?? output.pooled)
      cutOff += zip(firstCut, secondCut).map(max)
    }
    guard !prompts.isEmpty else { throw TensorError("text encoders", "there are no prompts") }
    return (try concatenated(texts), try concatenated(pooled), cutOff)
  }

  /// The inputs for "no prompt": [1, L, C1 + C2] and [1, P].
  public func nothing() throws -> (text: Tensor, pooled: Tensor) {
    let (text, pooled, _) = try self([""])
    return zeroesNothing ? (try text.zerosLike(), try pooled.zerosLike()) : (text, pooled)
  }
}

extension CLIPTextConfiguration {
  /// - Throws: `Failure` if the tokenizer in the folder makes ids or lengths that the model has no embeddings for.
  fileprivate func check(_ tokenizer: CLIPTokenizer, _ folder: String) throws {
    for (name, got, limit) in [
      ("tokens", tokenizer.largestID + 1, vocabulary), ("ids a text", tokenizer.length, positions),
    ] where got > limit {
      throw Failure(
        .malformed, at: folder, "the tokenizer is not the model's", expected: "at most \(limit) \(name)", got: "\(got)")
    }
  }
}
