import Networks
import Tensors

/// CLIP's image model (Radford et al., arXiv 2103.00020): a vision transformer whose class token is projected into the
/// common space of texts and images. Parameters have transformers' names.
public final class CLIPVisionTransformer {
  public let configuration: CLIPVisionConfiguration
  private let classToken: Parameter
  private let patches: Convolution
  private let positions: Parameter
  private let norm1: LayerNorm
  private let encoder: CLIPEncoder
  private let norm2: LayerNorm
  private let projection: Linear

  public init(_ scope: Scope, _ configuration: CLIPVisionConfiguration) throws {
    self.configuration = configuration
    let (model, shape) = (scope / "vision_model", configuration.encoder)
    let embeddings = model / "embeddings"
    classToken = try embeddings.parameter("class_embedding", [shape.width], .normal(std: 0.02))
    patches = try Convolution(
      embeddings / "patch_embedding", 3, shape.width, kernel: configuration.patch, stride: configuration.patch,
      padding: 0, bias: false)
    positions = try (embeddings / "position_embedding").parameter(
      "weight", [configuration.patches + 1, shape.width], .normal(std: 0.02))
    norm1 = try LayerNorm(model / "pre_layrnorm", shape.width, epsilon: shape.epsilon)
    encoder = try CLIPEncoder(model / "encoder", shape)
    norm2 = try LayerNorm(model / "post_layernorm", shape.width, epsilon: shape.epsilon)
    projection = try Linear(scope / "visual_projection", shape.width, configuration.projection, bias: false)
  }

  /// Embeddings [B, projection] of images [B, 3, size, size] that a `CLIPImageProcessing` has prepared.
  ///
  /// - Throws: `Failure` for images of another shape.
  public func callAsFunction(_ pixels: Tensor) throws -> Tensor {
    let side = configuration.size
    guard pixels.rank == 4, Array(pixels.shape.dropFirst()) == [3, side, side] else {
      throw Failure(.malformed, at: "CLIP", expected: "images [B, 3, \(side), \(side)]", got: pixels.summary)
    }
    let (count, width) = (pixels.shape[0], configuration.encoder.width)
    let grid = try patches(pixels.to(classToken.value.dtype))
    let tokens = try grid.reshaped([count, width, -1]).transposed(1, 2)
    let x = try concatenated([classToken.value.expanded([count, 1, width]), tokens], 1) + positions.value
    return try projection(norm2(encoder(norm1(x), mask: nil, skipping: 0)[.all, 0]))
  }
}
