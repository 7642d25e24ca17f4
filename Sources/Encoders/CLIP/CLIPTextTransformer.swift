import Files
import Networks
import Tensors

/// CLIP's text model (Radford et al., arXiv 2103.00020): transformers' CLIPTextModel and CLIPTextModelWithProjection.
///
/// Parameters have the names of the projected class, beginning with `text_model.`.
public final class CLIPTextTransformer {
  public let configuration: CLIPTextConfiguration
  private let tokens: Embedding
  private let positions: Parameter
  private let encoder: CLIPEncoder
  private let norm: LayerNorm
  private let projection: Linear?

  public struct Output {
    /// The last layer's input, which conditions image models: [B, L, width], not normalized.
    public var penultimate: Tensor
    /// The last layer's output, normalized: [B, L, width].
    public var last: Tensor
    /// `last` at the end of the text: [B, width].
    public var pooled: Tensor
    /// `pooled` in the space that texts and images share: [B, projection]; nil without a projection.
    public var projected: Tensor?
  }

  public init(_ scope: Scope, _ configuration: CLIPTextConfiguration) throws {
    self.configuration = configuration
    let width = configuration.width
    let model = scope / "text_model"
    tokens = try Embedding(model / "embeddings" / "token_embedding", count: configuration.vocabulary, width: width)
    positions = try (model / "embeddings" / "position_embedding").parameter(
      "weight", [configuration.positions, width], .normal(std: 0.02))
    encoder = try CLIPEncoder(model / "encoder", configuration.encoder)
    norm = try LayerNorm(model / "final_layer_norm", width, epsilon: configuration.encoder.epsilon)
    projection = try configuration.projection.map {
      try Linear(scope / "text_projection", width, $0, bias: false)
    }
  }

  /// A frozen model with a checkpoint's weights, whose names may begin with `text_model.`. Other tensors, such as
  /// `position_ids`, are ignored.
  ///
  /// - Throws: `Failure` naming the file and the tensor that is missing or has another shape.
  public convenience init(
    _ weights: any WeightSource, _ configuration: CLIPTextConfiguration, dtype: DType = .float32,
    on device: Device = .cpu
  ) throws {
    let store = ParameterStore(
      .checkpoint { name in
        let short = name.hasPrefix("text_model.") ? String(name.dropFirst("text_model.".count)) : name
        return try weights.parameter(weights.contains(short) ? short : name)
      }, dtype: dtype, device: device)
    do { try self.init(store.root, configuration) } catch ParameterError.shape(let name, let expected, let got) {
      throw Failure(
        .malformed, at: "\(weights.path): \(name)", expected: "\(expected)", got: "\(got)",
        advice: "The weights are not those of the model that their config.json describes.")
    }
    try store.setTrainable(false)
  }

  /// All outputs of the model for ids, int64 [B, L].
  public func callAsFunction(_ ids: Tensor) throws -> Output {
    let mask = try causalMask(of: ids)
    let penultimate = try encoder(embedded(ids), mask: mask, skipping: 1)
    let last = try norm(encoder.last(penultimate, mask: mask))
    let samples = try Tensor.range(to: Double(ids.shape[0]), .int64, on: ids.device)
    let pooled = try last[.tensor(samples), .tensor(ends(of: ids))]
    return Output(
      penultimate: penultimate, last: last, pooled: pooled, projected: try projection.map { try $0(pooled) })
  }

  /// Only `Output.penultimate`, without the cost of the last layer.
  public func penultimate(_ ids: Tensor) throws -> Tensor {
    try encoder(embedded(ids), mask: causalMask(of: ids), skipping: 1)
  }

  private func embedded(_ ids: Tensor) throws -> Tensor {
    guard ids.rank == 2, ids.shape[1] <= configuration.positions else {
      throw Failure(.malformed, at: "CLIP", expected: "ids [B, up to \(configuration.positions)]", got: ids.summary)
    }
    return try tokens(ids) + positions.value.rows(0..<ids.shape[1])
  }

  /// bool [L, L]: a token attends to itself and those before it.
  private func causalMask(of ids: Tensor) throws -> Tensor {
    let places = try Tensor.range(to: Double(ids.shape[1]), .int64, on: ids.device)
    return try places[.newAxis].lessOrEqual(to: places[.all, .newAxis])
  }

  /// int64 [B]: the position of the first end token.
  private func ends(of ids: Tensor) throws -> Tensor {
    guard let end = configuration.end else { return try ids.argmax(-1) }
    return try ids.equal(to: Double(end)).to(.int64).argmax(-1)
  }
}
