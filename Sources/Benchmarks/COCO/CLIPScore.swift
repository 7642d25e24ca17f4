import Encoders
import Evaluation
import Files
import Tensors

/// The similarity of images and their captions: cosines of a CLIP model's embeddings (Hessel et al., arXiv 2104.08718,
/// without their factor and without their limit at 0).
///
/// As in DMD2, with OpenCLIP's ViT-g-14: "A photo depicts" before every caption, and images resized to 256 pixels per
/// side before the model's own preprocessing. The tokens are the same as those that DMD2 assembles itself.
public final class CLIPScore {
  /// Everything besides images and captions that the scores depend on.
  public let fingerprint: Fingerprint
  private let device: Device
  private let model: CLIPModel
  private let processing: CLIPImageProcessing
  private let embeddings: PromptEmbeddings
  private let fit: ImageFit

  /// - Parameters:
  ///   - folder: the model's folder, in transformers' or open_clip's layout.
  ///   - tokenizer: the tokenizer's folder; by default the model's folder.
  ///   - prefix: a text before every caption, with a space; empty for none.
  ///   - fit: the crop or resize of images before the model's own preprocessing.
  /// - Throws: `Failure` naming the file, and the setting or the tensor in it, that cannot be used.
  public init(
    _ folder: String, tokenizer: String? = nil, prefix: String = "A photo depicts", fit: ImageFit = .square(256),
    precision: DType = .float32, on device: Device = .cpu
  ) throws {
    let folder = try CLIPFolder(folder)
    model = try folder.model(precision, on: device)
    processing = folder.processing
    embeddings = try PromptEmbeddings(model, tokenizer: tokenizer ?? folder.path, prefix: prefix, on: device)
    (self.fit, self.device) = (fit, device)
    fingerprint = try Fingerprint([
      "network": "clip", "weights": model.digest(), "precision": precision.name, "processing": hash("\(processing)"),
      "fit": fit.description,
    ]).merging(embeddings.fingerprint)
  }

  /// The cosine of each image, uint8 [3, H, W] on the CPU and in its original size, with its caption.
  public func cosines(images: [Tensor], captions: [String]) throws -> [Double] {
    let prepared = try inParallel(images) { [processing, fit] in try processing(image: fit($0)) }
    return try noGrad {
      let seen = try model.embeddings(pixels: stacked(prepared).to(device))
      return try (seen * embeddings(captions)).sum([-1]).doubles()
    }
  }
}
