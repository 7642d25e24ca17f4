import Files
import Networks
import Tensors

/// CLIP (Radford et al., arXiv 2103.00020): texts and images are embedded in one space, in which matching ones have a
/// large cosine. The same network serves as transformers' CLIPModel and open_clip's CLIP.
public final class CLIPModel {
  public let configuration: CLIPConfiguration
  public let text: CLIPTextTransformer
  public let vision: CLIPVisionTransformer
  private let logitScale: Parameter

  public init(_ scope: Scope, _ configuration: CLIPConfiguration) throws {
    self.configuration = configuration
    text = try CLIPTextTransformer(scope, configuration.text)
    vision = try CLIPVisionTransformer(scope, configuration.vision)
    logitScale = try scope.parameter("logit_scale", [], .zeros)
  }

  /// A frozen model with a checkpoint's weights, in either layout, which is detected from the tensors' names.
  ///
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  public convenience init(
    _ weights: any WeightSource, _ configuration: CLIPConfiguration, dtype: DType = .float32, on device: Device = .cpu
  ) throws {
    let checkpoint = try CLIPCheckpoint(weights)
    let store = ParameterStore(.checkpoint(checkpoint.tensor), dtype: dtype, device: device)
    func unfit(_ name: String, _ problem: String, expected: [Int]? = nil, got: [Int]? = nil) -> Failure {
      Failure(
        .malformed, at: "\(weights.path): \(checkpoint.place(of: name))", problem, expected: expected?.description,
        got: got?.description, advice: "The weights are those of another architecture.")
    }
    do { try self.init(store.root, configuration) } catch ParameterError.missing(let name) {
      throw unfit(name, "there is no such tensor")
    } catch ParameterError.shape(let name, let expected, let got) {
      throw unfit(name, "the parameter \(name) has another shape", expected: expected, got: got)
    }
    try checkpoint.refuseOthers(than: store.all.map(\.name))
    try store.setTrainable(false)
    parameters = store
  }

  /// The parameters of a model that was read from a checkpoint.
  public private(set) var parameters: ParameterStore?

  /// exp(logit scale), the factor from cosines to logits.
  public func scale() throws -> Double { try exp(logitScale.value.to(.float32)).item() }

  /// float32 [B, projection], each of length 1, for tokens int64 [B, L].
  public func embeddings(tokens: Tensor) throws -> Tensor {
    let output = try text(tokens)
    return try Self.normalized(output.projected ?? output.pooled)
  }

  /// float32 [B, projection], each of length 1, for prepared images [B, 3, size, size]. Gradients reach the images.
  public func embeddings(pixels: Tensor) throws -> Tensor { try Self.normalized(vision(pixels)) }

  private static func normalized(_ x: Tensor) throws -> Tensor {
    let x = try x.to(.float32)
    return try x / x.norm([-1], keeping: true).clamped(1e-12, nil)
  }
}
