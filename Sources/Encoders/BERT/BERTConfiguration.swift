import Files

/// The sizes of a BERT with cross-attention to images.
public struct BERTConfiguration: Equatable, Sendable {
  public var width = 768
  var layers = 12
  var heads = 12
  /// The width of the hidden layer in each block's MLP.
  var hidden = 3072
  /// The numbers of tokens and positions that have embeddings.
  public var vocabulary = 30524
  var positions = 512
  var epsilon = 1e-12

  /// The configuration in ImageReward v1.0.
  public static let base = Self()

  init() {}

  /// BLIP's med_config.json. The width of the image's tokens comes from the image model; `encoder_width` is ignored.
  ///
  /// - Parameter length: the number of token ids per text.
  /// - Throws: `Failure` for a setting that is not implemented.
  public init(_ config: ModelConfig, length: Int) throws {
    try config.accepts("model_type", "bert")
    try config.accepts("hidden_act", "gelu")
    try config.accepts("position_embedding_type", "absolute")
    try config.accepts("add_cross_attention", true)
    width = try config.count("hidden_size", default: width)
    layers = try config.count("num_hidden_layers", default: layers)
    heads = try config.count("num_attention_heads", default: heads)
    hidden = try config.count("intermediate_size", default: hidden)
    vocabulary = try config.count("vocab_size", default: vocabulary)
    positions = try config.count("max_position_embeddings", default: positions)
    epsilon = try config.number("layer_norm_eps", default: epsilon)
    config.ignores(
      "architectures", "attention_probs_dropout_prob", "hidden_dropout_prob", "initializer_range", "pad_token_id",
      "type_vocab_size", "encoder_width", "gradient_checkpointing", "use_cache", "torch_dtype", "transformers_version")
    try config.finish()
    guard width % heads == 0 else {
      throw config.wrong("num_attention_heads", expected: "a divisor of hidden_size, \(width)", got: "\(heads)")
    }
    guard positions >= length else {
      throw config.wrong("max_position_embeddings", expected: "at least \(length), a text's", got: "\(positions)")
    }
  }
}
