import Files
import Tensors

extension WanTransformerConfiguration {
  /// The config.json of diffusers' WanTransformer3DModel.
  var diffusersConfig: JSONValue {
    .object([
      "_class_name": "WanTransformer3DModel", "patch_size": .array(patch.map { .integer($0) }),
      "num_attention_heads": .integer(heads), "attention_head_dim": .integer(headWidth),
      "in_channels": .integer(inputChannels), "out_channels": .integer(outputChannels), "text_dim": .integer(textWidth),
      "freq_dim": .integer(timeWidth), "ffn_dim": .integer(feedForwardWidth), "num_layers": .integer(layers),
      "cross_attn_norm": .boolean(normalizesBeforeText), "qk_norm": "rms_norm_across_heads", "eps": .number(epsilon),
      "rope_max_seq_len": .integer(maximumPositions),
    ])
  }

  /// The config.json of the authors' WanModel.
  ///
  /// - Throws: `Failure` if their code has no such network.
  var originalConfig: JSONValue {
    get throws {
      guard normalizesBeforeText, patch == [1, 2, 2] else {
        throw Failure(.malformed, at: "transformer/config.json", "the authors' code has no such transformer")
      }
      return .object([
        "_class_name": "WanModel", "model_type": "t2v", "text_len": 512, "in_dim": .integer(inputChannels),
        "dim": .integer(width), "ffn_dim": .integer(feedForwardWidth), "freq_dim": .integer(timeWidth),
        "out_dim": .integer(outputChannels), "num_heads": .integer(heads), "num_layers": .integer(layers),
        "text_dim": .integer(textWidth), "eps": .number(epsilon),
      ])
    }
  }
}
