import Files
import Tensors

/// A CLIP model's tensors by transformers' names, whatever program wrote the file.
struct CLIPCheckpoint {
  private let weights: any WeightSource
  /// A prefix of each tensor's name, as some training programs add one.
  private let prefix: String
  private let isOpenCLIP: Bool

  /// Buffers that training programs and old versions save together with the parameters.
  private static let buffers = [
    "position_ids", "attn_mask", "input_resolution", "context_length", "vocab_size",
  ]

  /// - Throws: `Failure` if the file holds no CLIP model with an image tower.
  init(_ weights: any WeightSource) throws {
    self.weights = weights
    let tokens = [("visual.class_embedding", true), ("vision_model.embeddings.class_embedding", false)]
    for prefix in ["", "state_dict.", "module.", "state_dict.module."] {
      for (token, isOpenCLIP) in tokens where weights.contains(prefix + token) {
        (self.prefix, self.isOpenCLIP) = (prefix, isOpenCLIP)
        return
      }
    }
    throw Failure(
      .malformed, at: weights.path, "not a CLIP model of texts and images",
      expected: "a tensor \(tokens[0].0) (open_clip) or \(tokens[1].0) (transformers)",
      got: weights.names.isEmpty ? "no tensors" : weights.names.prefix(3).joined(separator: ", ") + "...")
  }

  /// The tensor of a parameter; nil if the file has none.
  func tensor(_ name: String) throws -> Tensor? {
    let place = place(of: name)
    guard weights.contains(place) else { return nil }
    let tensor = try weights.tensor(place)
    guard isOpenCLIP else { return tensor }
    if let index = Self.packed.firstIndex(where: name.contains), tensor.rank > 0 {
      // The weights of queries, keys and values are stacked in one tensor.
      let rows = tensor.shape[0] / Self.packed.count
      return try tensor.rows(index * rows..<(index + 1) * rows)
    }
    return try Self.turned.contains(name) && tensor.rank == 2 ? tensor.transposed(0, 1) : tensor
  }

  /// The name of a parameter in the file.
  func place(of name: String) -> String {
    guard isOpenCLIP else { return prefix + name }
    return prefix + Self.spellings.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }

  /// - Throws: `Failure` naming a tensor in the file that is not in `parameters`, and so belongs to another model.
  func refuseOthers(than parameters: [String]) throws {
    let known = Set(parameters.map(place))
    for name in weights.names where name.hasPrefix(prefix) && !known.contains(name) {
      if Self.buffers.contains(where: name.hasSuffix) { continue }
      throw Failure(
        .malformed, at: "\(weights.path): \(name)", "the tensor belongs to no layer of the model",
        advice: "The weights are those of another architecture.")
    }
  }

  private static let packed = [".q_proj.", ".k_proj.", ".v_proj."]
  private static let turned = ["text_projection.weight", "visual_projection.weight"]
  private static let spellings = [
    ("text_model.embeddings.token_embedding", "token_embedding"),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
    ("text_model.encoder.layers", "transformer.resblocks"), ("text_model.final_layer_norm", "ln_final"),
    ("text_projection.weight", "text_projection"), ("vision_model.embeddings.patch_embedding", "visual.conv1"),
    ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.pre_layrnorm", "visual.ln_pre"), ("vision_model.post_layernorm", "visual.ln_post"),
    ("vision_model.encoder.layers", "visual.transformer.resblocks"), ("visual_projection.weight", "visual.proj"),
    (".layer_norm1.", ".ln_1."), (".layer_norm2.", ".ln_2."), (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."), (".self_attn.out_proj.", ".attn.out_proj."),
    (".self_attn.q_proj.", ".attn.in_proj_"), (".self_attn.k_proj.", ".attn.in_proj_"),
    (".self_attn.v_proj.", ".attn.in_proj_"),
  ]
}
