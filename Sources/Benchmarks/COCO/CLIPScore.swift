import Encoders
import Evaluation
import Files
import Tensors

/// How near images are to their captions: cosines of a CLIP model's embeddings (Hessel et al., arXiv 2104.08718, without
/// their factor and without a limit at 0).
///
/// As DMD2 takes it, with OpenCLIP's ViT-g-14: "A photo depicts" before every caption, and images brought to 256 pixels a
/// side before the model's own preparation. Both give the tokens that DMD2 puts together itself.
public final class CLIPScore {
  /// What scores depend on besides images and captions.
  public let fingerprint: Fingerprint
  private let device: Device
  private let model: CLIPModel
  private let processing: CLIPImageProcessing
  private let texts: PromptEmbeddings
  private let fit: ImageFit

  /// - Parameters:
  ///   - folder: the model's, in transformers' layout or open_clip's.
  ///   - tokenizer: its tokenizer's folder; the model's own unless given.
  ///   - prefix: before every caption, with a space; empty for none.
  ///   - fit: of images, before the model's own preparation.
  /// - Throws: `Failure` naming the file, and the setting or the tensor in it, that cannot be used.
  public init(
    _ folder: String, tokenizer: String? = nil, prefix: String = "A photo depicts", fit: ImageFit = .square(256),
    precision: DType = .float32, on device: Device = .cpu
  ) throws {
    let folder = try CLIPFolder(folder)
    model = try folder.model(precision, on: device)
    processing = folder.processing
    texts = try PromptEmbeddings(model, tokenizer: tokenizer ?? folder.path, prefix: prefix, on: device)
    (self.fit, self.device) = (fit, device)
    fingerprint = try Fingerprint([
      "network": "clip", "weights": model.digest(), "precision": precision.name, "processing": hash("\(processing)"),
      "fit": fit.description,
    ]).merging(texts.fingerprint)
  }

  /// The cosine of each image, uint8 [3, H, W] on the CPU and of its own size, with its caption.
  public func cosines(images: [Tensor], captions: [String]) throws -> [Double] {
    let prepared = try inParallel(images) { [processing, fit] in try processing(image: fit($0)) }
    return try noGrad {
      let seen = try model.embeddings(pixels: stacked(prepared).to(device))
      return try (seen * texts(captions)).sum([-1]).doubles()
    }
  }
}
