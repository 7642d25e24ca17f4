import Files
import Tensors

/// The sizes of a CLIP model for texts and images.
public struct CLIPConfiguration: Equatable, Sendable {
  public var text: CLIPTextConfiguration
  public var vision: CLIPVisionConfiguration

  init(text: CLIPTextConfiguration, vision: CLIPVisionConfiguration) { (self.text, self.vision) = (text, vision) }

  /// The config.json of transformers' CLIPModel.
  ///
  /// - Throws: `Failure` for an unsupported setting.
  public init(_ config: ModelConfig) throws {
    try config.accepts("model_type", "clip")
    let projection = try config.count("projection_dim", default: 512)
    text = try CLIPTextConfiguration(Self.part("text_config", of: config), projected: true)
    text.projection = projection  // transformers ignores the part's own value too
    vision = try CLIPVisionConfiguration(Self.part("vision_config", of: config), projection: projection)
    config.ignores(
      "architectures", "logit_scale_init_value", "initializer_factor", "torch_dtype", "dtype", "transformers_version",
      "tie_word_embeddings")
    try config.finish()
  }

  /// A nested config. Older files contain it twice; `name_dict` wins.
  private static func part(_ name: String, of config: ModelConfig) throws -> ModelConfig {
    var values = [String: JSONValue]()
    for key in [name, "\(name)_dict"] where config.has(key) {
      guard case .object(let found)? = config.values[key] else {
        throw config.wrong(key, expected: "an object", got: config.values[key]?.description ?? "nothing")
      }
      values.merge(found) { $1 }
    }
    let part = ModelConfig(values, path: "\(config.path): \(name)")
    for key in inherited { part.ignores(key) }
    return part
  }

  /// Keys that transformers before version 5 writes into every nested config, for text generation, heads and training.
  /// CLIP does not use them.
  private static let inherited = [
    "add_cross_attention", "bad_words_ids", "begin_suppress_tokens", "chunk_size_feed_forward",
    "cross_attention_hidden_size", "decoder_start_token_id", "diversity_penalty", "do_sample", "early_stopping",
    "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id",
    "forced_eos_token_id", "gradient_checkpointing", "id2label", "is_decoder", "is_encoder_decoder", "label2id",
    "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
    "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "prefix", "problem_type",
    "pruned_heads", "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate",
    "sep_token_id", "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torchscript", "typical_p", "use_bfloat16",
  ]
}
