import Files
import Foundation
import Networks
import Tensors

/// UMT5's encoder (Chung et al., arXiv 2304.09151): transformers' UMT5EncoderModel, with its parameter names.
///
/// It is T5's (Raffel et al., arXiv 1910.10683), but each layer has its own biases for the distances between tokens.
public final class UMT5Encoder {
  public let configuration: UMT5Configuration
  private let tokens: Embedding
  private let layers: [Layer]
  private let norm: RMSNorm

  /// - Throws: `ParameterError` of the scope's store if a checkpoint lacks a tensor or has another shape.
  public init(_ scope: Scope, _ configuration: UMT5Configuration) throws {
    self.configuration = configuration
    let c = configuration
    tokens = try Embedding(scope / "shared", count: c.vocabulary, width: c.width)
    layers = try (0..<c.layers).map { try Layer(scope / "encoder" / "block" / $0 / "layer", c) }
    norm = try RMSNorm(scope / "encoder" / "final_layer_norm", c.width, epsilon: c.epsilon)
  }

  /// The last hidden states [B, L, width] of texts of the same length without padding; int64 ids [B, L].
  public func callAsFunction(_ ids: Tensor) throws -> Tensor {
    let length = ids.shape[1]
    let distances = try Tensor(
      (0..<length).flatMap { query in (0..<length).map { bucket($0 - query) } }, shape: [length, length]
    ).to(ids.device)
    return try norm(layers.reduce(tokens(ids)) { try $1($0, distances) })
  }

  /// The class of a key's distance from its query: exact if it is short, and logarithmic from there on.
  func bucket(_ distance: Int) -> Int {
    let half = configuration.buckets / 2
    let exact = half / 2
    let side = distance > 0 ? half : 0
    let length = abs(distance)
    guard length >= exact else { return side + length }
    // In float32, as in transformers: at the edges of a class rounding decides.
    let share =
      Float(log(Double(Float(length) / Float(exact))))
      / Float(log(Double(configuration.maximumDistance) / Double(exact)))
    return side + min(half - 1, exact + Int(share * Float(half - exact)))
  }

  private final class Layer {
    private let attentionNorm: RMSNorm
    private let q: Linear
    private let k: Linear
    private let v: Linear
    private let o: Linear
    private let bias: Embedding
    private let feedForwardNorm: RMSNorm
    private let gate: Linear
    private let input: Linear
    private let output: Linear
    private let c: UMT5Configuration

    init(_ scope: Scope, _ c: UMT5Configuration) throws {
      self.c = c
      let attention = scope / 0 / "SelfAttention"
      let inner = c.heads * c.headWidth
      attentionNorm = try RMSNorm(scope / 0 / "layer_norm", c.width, epsilon: c.epsilon)
      q = try Linear(attention / "q", c.width, inner, bias: false)
      k = try Linear(attention / "k", c.width, inner, bias: false)
      v = try Linear(attention / "v", c.width, inner, bias: false)
      o = try Linear(attention / "o", inner, c.width, bias: false)
      bias = try Embedding(attention / "relative_attention_bias", count: c.buckets, width: c.heads)
      let feedForward = scope / 1 / "DenseReluDense"
      feedForwardNorm = try RMSNorm(scope / 1 / "layer_norm", c.width, epsilon: c.epsilon)
      gate = try Linear(feedForward / "wi_0", c.width, c.feedForwardWidth, bias: false)
      input = try Linear(feedForward / "wi_1", c.width, c.feedForwardWidth, bias: false)
      output = try Linear(feedForward / "wo", c.feedForwardWidth, c.width, bias: false)
    }

    func callAsFunction(_ x: Tensor, _ distances: Tensor) throws -> Tensor {
      let normal = try attentionNorm(x)
      // T5 does not divide by the root of the width, which `attention` does.
      let y = try attention(
        split(q(normal)) * Double(c.headWidth).squareRoot(), split(k(normal)), split(v(normal)),
        mask: bias(distances).permuted([2, 0, 1]).unsqueezed(0))
      let h = try x + o(y.transposed(1, 2).reshaped([x.shape[0], x.shape[1], -1]))
      let inner = try feedForwardNorm(h)
      return try h + output(gelu(gate(inner), .tanh) * input(inner))
    }

    /// [B, L, heads · width] -> [B, heads, L, width]
    private func split(_ x: Tensor) throws -> Tensor {
      try x.reshaped([x.shape[0], x.shape[1], c.heads, -1]).transposed(1, 2)
    }
  }
}

extension UMT5Encoder {
  /// A frozen encoder with a checkpoint's weights, in transformers' names or in those of Wan's authors.
  ///
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  public static func open(
    _ weights: any WeightSource, _ configuration: UMT5Configuration, dtype: DType = .float32, on device: Device = .cpu
  ) throws -> UMT5Encoder {
    let named = named(weights)
    let store = ParameterStore(named.parameters, dtype: dtype, device: device)
    // A file may hold the embedding twice.
    let encoder = try named.network(in: store, ignoring: ["encoder.embed_tokens."]) {
      try UMT5Encoder($0, configuration)
    }
    try store.setTrainable(false)
    return encoder
  }

  /// The weights in transformers' names.
  public static func named(_ weights: any WeightSource) -> any WeightSource {
    if weights.contains("token_embedding.weight") { return RenamedWeights(weights) { transformersName(of: $0) } }
    guard !weights.contains("shared.weight") else { return weights }
    return RenamedWeights(weights) { $0 == "encoder.embed_tokens.weight" ? "shared.weight" : $0 }
  }

  /// The name of a tensor of Wan's authors.
  private static func transformersName(of name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count > 2, parts[0] == "blocks" else {
      return ["token_embedding.weight": "shared.weight", "norm.weight": "encoder.final_layer_norm.weight"][name] ?? name
    }
    let layers = [
      "norm1": "0.layer_norm", "norm2": "1.layer_norm", "attn.q": "0.SelfAttention.q", "attn.k": "0.SelfAttention.k",
      "attn.v": "0.SelfAttention.v", "attn.o": "0.SelfAttention.o",
      "pos_embedding.embedding": "0.SelfAttention.relative_attention_bias", "ffn.gate.0": "1.DenseReluDense.wi_0",
      "ffn.fc1": "1.DenseReluDense.wi_1", "ffn.fc2": "1.DenseReluDense.wo",
    ]
    let layer = parts[2...].dropLast().joined(separator: ".")
    return layers[layer].map { "encoder.block.\(parts[1]).layer.\($0).weight" } ?? name
  }
}
