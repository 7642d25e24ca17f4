import Encoders
import Fewstep
import Files
import Tensors

/// How much people like images for their prompts (Xu et al., arXiv 2304.05977): ImageReward v1.0.
///
/// Gradients reach the pixels if they are recorded; the model itself is frozen.
public final class ImageReward: ImageNetworkReward {
  private let model: ImageRewardModel
  private let tokenizer: WordPieceTokenizer
  private let processing: CLIPImageProcessing
  public let prompts: [String]
  public let medium: Medium
  public let frames: VideoFrames
  public let batch: Int
  public let device: Device
  public let readsPrompts = true

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin(
        "image-reward", "ImageReward v1.0: what people like for a prompt, by BLIP (arXiv 2304.05977)"
      ) { s in
        let weights = s.path("weights", "ImageReward.pt.")
        let vocabulary = s.path("vocabulary", "bert-base-uncased's vocab.txt.")
        let config =
          s.has("config") ? s.path("config", "med_config.json, if the text encoder is not BERT-base.") : nil
        let (precision, batch, frames) = s.scoring()
        return { context in
          try ImageReward(
            weights, vocabulary: vocabulary, config: config, precision: precision, batch: batch,
            frames: frames, context)
        }
      })
  }

  /// - Throws: `Failure` naming the file, and the tensor, token or setting in it that is missing or does not fit.
  init(
    _ weights: String, vocabulary: String, config: String?, precision: DType, batch: Int,
    frames: VideoFrames, _ context: PluginContext
  ) throws {
    let length = ImageRewardModel.length
    let configuration = try config.map { try BERTConfiguration(ModelConfig($0), length: length) } ?? .base
    tokenizer = try WordPieceTokenizer(vocabulary, adding: ["[DEC]", "[ENC]"])
    guard tokenizer.count == configuration.vocabulary else {
      throw Failure(
        .malformed, at: vocabulary, "the vocabulary is not the model's",
        expected: "\(configuration.vocabulary) tokens, [DEC] and [ENC] included", got: "\(tokenizer.count)")
    }
    model = try ImageRewardModel(Weights.open(weights), configuration, dtype: precision, on: context.device)
    processing = CLIPImageProcessing(size: model.vision.shape.size, .torchvisionCrop)
    (prompts, medium) = (context.backbone?.prompts ?? [], context.backbone?.medium ?? .images)
    (self.batch, self.frames, device) = (batch, frames, context.device)
  }

  public func prepared(pixels: Tensor) throws -> Tensor { try processing(pixels: pixels) }
  public func prepared(image: Tensor) throws -> Tensor { try processing(image: image) }

  public func score(prepared images: Tensor, prompts: [String]) throws -> Tensor {
    let (ids, mask) = try tokenizer.encode(prompts, length: ImageRewardModel.length)
    return try model.scores(images, ids: ids.to(device), mask: mask.to(device))
  }

  public func fingerprint() throws -> Fingerprint {
    Fingerprint([
      "weights": try hash(model.parameters.map { try $0.value.detached() }), "tokenizer": tokenizer.digest,
    ]).merging(frames.fingerprint)
  }
}
