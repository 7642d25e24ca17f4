import Encoders
import Media
import Tensors

/// Image embeddings of length 1 by a CLIP model, for CMMD (Jayasumana et al., arXiv 2401.09603), which uses
/// openai/clip-vit-large-patch14-336.
///
/// As in the authors' code, the central square, half a pixel to the upper left, is resized by Pillow's bicubic filter.
public final class CLIPEmbedding: ImageNetwork {
  /// Hashes of the weights and the preprocessing, and the precision.
  public let fingerprint: Fingerprint
  /// The device of the model.
  public let device: Device
  private let model: CLIPModel
  private let processing: CLIPImageProcessing

  /// - Parameter folder: the model's folder, in transformers' or open_clip's layout.
  /// - Throws: `Failure` naming the file, and the setting or the tensor in it that cannot be used.
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
