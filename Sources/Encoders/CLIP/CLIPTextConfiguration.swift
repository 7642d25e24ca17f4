import Files
import Tensors

/// The config.json of a CLIP text model.
public struct CLIPTextConfiguration: Equatable, Sendable {
  public var encoder: CLIPEncoderShape
  /// The numbers of tokens and positions that have embeddings.
  public var vocabulary: Int
  public var positions: Int
  /// The width of the projected embedding; nil if the model has no projection.
  public var projection: Int?
  /// The token at whose position the pooled state is taken. nil uses the largest id's position, as in models whose
  /// config has the legacy value 2.
  public var end: Int?

  /// The width of the hidden states.
  public var width: Int { encoder.width }

  init(encoder: CLIPEncoderShape, vocabulary: Int, positions: Int, projection: Int?, end: Int?) {
    (self.encoder, self.vocabulary, self.positions) = (encoder, vocabulary, positions)
    (self.projection, self.end) = (projection, end)
  }

  /// - Parameters:
  ///   - config: missing settings have transformers' defaults.
  ///   - projected: whether the model is a CLIPTextModelWithProjection, not a CLIPTextModel.
  /// - Throws: `Failure` for an unsupported setting.
  public init(_ config: ModelConfig, projected: Bool) throws {
    try config.accepts("model_type", "clip_text_model")
    encoder = try CLIPEncoderShape(
      config, width: 512, layers: 12, heads: 8, hidden: 2048)
    vocabulary = try config.count("vocab_size", default: 49408)
    positions = try config.count("max_position_embeddings", default: 77)
    let projection = try config.count("projection_dim", default: 512)
    self.projection = projected ? projection : nil
    let end = try config.integer("eos_token_id", default: 49407)
    self.end = end == 2 ? nil : end
    config.ignores(
      "architectures", "bos_token_id", "pad_token_id", "attention_dropout", "dropout", "initializer_factor",
      "initializer_range", "torch_dtype", "dtype", "transformers_version")
    try config.finish()
  }
}

extension CLIPEncoderShape {
  /// Texts' and images' configs share these names; only the defaults differ.
  init(_ config: ModelConfig, width: Int, layers: Int, heads: Int, hidden: Int) throws {
    self.width = try config.count("hidden_size", default: width)
    self.layers = try config.count("num_hidden_layers", default: layers)
    self.heads = try config.count("num_attention_heads", default: heads)
    self.hidden = try config.count("intermediate_size", default: hidden)
    epsilon = try config.number("layer_norm_eps", default: 1e-5)
    let name = try config.text("hidden_act", default: "quick_gelu")
    guard let activation = ["quick_gelu": .quick, "gelu": .exact, "gelu_pytorch_tanh": .tanh][name] as GELU? else {
      throw config.wrong("hidden_act", expected: "quick_gelu, gelu or gelu_pytorch_tanh", got: name)
    }
    self.activation = activation
    guard self.width % self.heads == 0 else {
      throw config.wrong(
        "num_attention_heads", expected: "a divisor of hidden_size, \(self.width)", got: "\(self.heads)")
    }
  }
}
