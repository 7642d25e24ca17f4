import Encoders
import Media
import Tensors

/// Images' embeddings by a CLIP model, of length 1: what CMMD compares (Jayasumana et al., arXiv 2401.09603), there of
/// openai/clip-vit-large-patch14-336.
///
/// As in the authors' code the middle square, half a pixel to the upper left, is resized by Pillow's bicubic filter.
public final class CLIPEmbedding: ImageNetwork {
  /// Hashes of the weights and the preprocessing, and the precision.
  public let fingerprint: Fingerprint
  /// Where the model is.
  public let device: Device
  private let model: CLIPModel
  private let processing: CLIPImageProcessing

  /// - Parameter folder: the model's, in transformers' layout or open_clip's.
  /// - Throws: `Failure` naming the file, and the setting or the tensor in it, that cannot be used.
  public init(_ folder: String, precision: DType = .float32, on device: Device = .cpu) throws {
    let folder = try CLIPFolder(folder)
    model = try folder.model(precision, on: device)
    processing = folder.processing
    self.device = device
    fingerprint = [
      "network": "clip", "weights": try model.digest(), "precision": precision.name,
      "processing": hash("\(processing)"),
    ]
  }

  public func prepared(_ image: Tensor) throws -> Tensor {
    let square = try middle(of: image, min(image.shape[1], image.shape[2]), rounding: .down)
    return try processing(image: resized(square, height: processing.size, width: processing.size, .bicubic))
  }

  public func features(_ images: Tensor) throws -> Tensor {
    try noGrad { try model.embeddings(pixels: images).to(.cpu) }
  }
}

extension CLIPModel {
  /// One hash of all weights.
  package func digest() throws -> String { try hash((parameters?.all ?? []).map { try $0.value.detached() }) }
}
