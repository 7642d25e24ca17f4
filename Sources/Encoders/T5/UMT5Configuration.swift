import Files
import Tensors

/// The sizes of a UMT5 encoder, as in its config.json.
public struct UMT5Configuration: Equatable, Sendable {
  public let vocabulary: Int
  public let width: Int
  public let headWidth: Int
  public let heads: Int
  public let feedForwardWidth: Int
  public let layers: Int
  /// The number of classes of distances between tokens, in both directions together.
  public let buckets: Int
  /// The distance from which on all are one class.
  public let maximumDistance: Int
  public let epsilon: Double

  /// Reads the config.json of transformers' UMT5EncoderModel; a missing key has transformers' default.
  ///
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented, not possible or not known.
  public init(_ config: ModelConfig) throws {
    try config.accepts("model_type", "umt5")
    vocabulary = try config.count("vocab_size", default: 250_112)
    width = try config.count("d_model", default: 512)
    headWidth = try config.count("d_kv", default: 64)
    heads = try config.count("num_heads", default: 6)
    feedForwardWidth = try config.count("d_ff", default: 1024)
    layers = try config.count("num_layers", default: 8)
    buckets = try config.count("relative_attention_num_buckets", default: 32)
    maximumDistance = try config.count("relative_attention_max_distance", default: 128)
    epsilon = try config.number("layer_norm_epsilon", default: 1e-6)
    guard buckets.isMultiple(of: 4), maximumDistance > buckets / 4 else {
      throw config.wrong(
        "relative_attention_num_buckets",
        expected: "a multiple of 4, a quarter of which is less than relative_attention_max_distance",
        got: "\(buckets), \(maximumDistance)")
    }
    try config.accepts("feed_forward_proj", "gated-gelu")
    try config.accepts("dense_act_fn", "gelu_new")
    try config.accepts("is_gated_act", true)
    try config.accepts("is_decoder", false)
    // Of decoders, training and generation.
    config.ignores(
      "architectures", "classifier_dropout", "decoder_start_token_id", "dropout_rate", "dtype", "torch_dtype",
      "eos_token_id", "pad_token_id", "bos_token_id", "initializer_factor", "is_encoder_decoder", "num_decoder_layers",
      "output_past", "scalable_attention", "tie_word_embeddings", "tokenizer_class", "transformers_version", "use_cache"
    )
    try config.finish()
  }

  /// The sizes of weights that come without a config, in transformers' names; the rest is as in UMT5-XXL.
  ///
  /// - Throws: `Failure` naming the file and a tensor that is missing.
  public init(of weights: any WeightSource) throws {
    let first = "encoder.block.0.layer"
    let embedding = try weights.tensor("shared.weight").shape
    let query = try weights.tensor("\(first).0.SelfAttention.q.weight").shape
    let biases = try weights.tensor("\(first).0.SelfAttention.relative_attention_bias.weight").shape
    let gate = try weights.tensor("\(first).1.DenseReluDense.wi_0.weight").shape
    guard embedding.count == 2, query.count == 2, biases.count == 2, gate.count == 2, biases[1] > 0 else {
      throw Failure(.malformed, at: weights.path, "the weights are not those of a UMT5 encoder")
    }
    (vocabulary, width) = (embedding[0], embedding[1])
    (buckets, heads) = (biases[0], biases[1])
    headWidth = query[0] / heads
    feedForwardWidth = gate[0]
    layers = weights.names.count { $0.hasSuffix(".SelfAttention.q.weight") }
    (maximumDistance, epsilon) = (128, 1e-6)
  }
}
