import Files
import Networks
import Tensors

/// DINO's image features (Caron et al., arXiv 2104.14294), from a checkpoint such as dino_vitbase16_pretrain.pth.
public struct DINO {
  /// A hash of all weights.
  public let digest: String
  /// The side of the images that it was trained on, in pixels.
  public var size: Int { network.shape.size }
  private let network: VisionTransformer

  /// Opens a frozen network.
  ///
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  public init(_ path: String, on device: Device) throws {
    let weights = try Weights.open(path)
    let shape = try VisionTransformerShape(weights)
    let store = ParameterStore(weights.parameters, device: device)
    network = try weights.network(in: store) { try VisionTransformer($0, shape) }
    try store.setTrainable(false)
    digest = try weights.digest()
  }

  /// The class token's features, float32 [B, width], for images [B, 3, H, W] of any size that are normalized with
  /// ImageNet's mean and standard deviation.
  public func callAsFunction(_ pixels: Tensor) throws -> Tensor { try network(pixels)[.all, 0] }
}
