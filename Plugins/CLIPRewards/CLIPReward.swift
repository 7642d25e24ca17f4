import Encoders
import Fewstep
import Tensors

/// A CLIP model's score of images: how well they match their prompts, or how good they look.
///
/// Gradients reach the pixels if they are recorded; the model itself is frozen.
public final class CLIPReward: ImageNetworkReward {
  /// The score of images' embeddings, float32 [B, P] of length 1.
  enum Judgement {
    /// A function of the cosine [B] with the text's embedding.
    case fit(PromptEmbeddings, (Tensor) throws -> Tensor)
    /// A function of the image alone, [B].
    case look((Tensor) throws -> Tensor)
  }

  private let model: CLIPModel
  private let processing: CLIPImageProcessing
  private let judgement: Judgement
  public let prompts: [String]
  public let medium: Medium
  public let frames: VideoFrames
  public let batch: Int
  public let device: Device
  /// Tensors that scores depend on besides the model.
  private let constants: [Tensor]

  init(
    _ model: CLIPModel, _ processing: CLIPImageProcessing, _ judgement: Judgement, constants: [Tensor] = [],
    batch: Int, frames: VideoFrames, _ context: PluginContext
  ) {
    (self.model, self.processing, self.judgement) = (model, processing, judgement)
    (self.constants, self.batch, self.frames) = (constants, batch, frames)
    prompts = context.backbone?.prompts ?? []
    medium = context.backbone?.medium ?? .images
    device = context.device
  }

  public var readsPrompts: Bool { if case .fit = judgement { true } else { false } }

  public func prepared(pixels: Tensor) throws -> Tensor { try processing(pixels: pixels) }
  public func prepared(image: Tensor) throws -> Tensor { try processing(image: image) }

  public func score(prepared images: Tensor, prompts: [String]) throws -> Tensor {
    let images = try model.embeddings(pixels: images)
    switch judgement {
    case .fit(let embeddings, let value): return try value((images * embeddings(prompts)).sum([-1]))
    case .look(let value): return try value(images)
    }
  }

  public func fingerprint() throws -> Fingerprint {
    let weights = try (model.parameters?.all ?? []).map { try $0.value.detached() } + constants
    let fingerprint = try Fingerprint(["weights": hash(weights), "processing": hash("\(processing)")])
      .merging(frames.fingerprint)
    guard case .fit(let embeddings, _) = judgement else { return fingerprint }
    return fingerprint.merging(embeddings.fingerprint)
  }
}
