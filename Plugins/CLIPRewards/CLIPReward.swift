import CLIP
import Fewstep
import Tensors

/// What a CLIP model says of pictures: how well they fit their prompts, or how they look.
///
/// Gradients reach the pixels wherever they are recorded; the model itself is frozen.
public final class CLIPReward: PictureReward {
  /// What is made of pictures' embeddings, float32 [B, P] of length 1.
  enum Judgement {
    /// Something of the cosine [B] with the text's embedding.
    case fit(PromptEmbeddings, (Tensor) throws -> Tensor)
    /// Something of the picture alone, [B].
    case look((Tensor) throws -> Tensor)
  }

  private let model: CLIPModel
  private let processing: CLIPImageProcessing
  private let judgement: Judgement
  /// The backbone's, by number.
  private let prompts: [String]
  private let batch: Int
  private let device: Device
  /// What scores depend on beside the model.
  private let constants: [Tensor]

  init(
    _ model: CLIPModel, _ processing: CLIPImageProcessing, _ judgement: Judgement, constants: [Tensor] = [],
    batch: Int, _ context: PluginContext
  ) {
    (self.model, self.processing, self.judgement) = (model, processing, judgement)
    (self.constants, self.batch) = (constants, batch)
    prompts = context.backbone?.prompts ?? []
    device = context.device
  }

  /// The differentiable way: pixels are resized in floating point.
  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard let pixels else { throw TensorError("CLIP reward", "samples of this backbone are no images") }
    if let unknown = condition.prompts.first(where: { !prompts.indices.contains($0) }), case .fit = judgement {
      throw TensorError("CLIP reward", "the backbone knows \(prompts.count) prompts, and \(unknown) is none of them")
    }
    let texts = condition.prompts.map { prompts.indices.contains($0) ? prompts[$0] : "" }
    return try scored(texts) { try processing(pixels: pixels.rows($0).to(device)) }
  }

  /// The published scorers' way, for files.
  public func score(pictures: [Tensor], texts: [String]) throws -> Tensor {
    guard pictures.count == texts.count else {
      throw TensorError("CLIP reward", "\(pictures.count) pictures with \(texts.count) texts")
    }
    return try noGrad {
      try scored(texts) { try stacked(pictures[$0].map { try processing(picture: $0) }).to(device) }
    }
  }

  public func identity() throws -> [Tensor] {
    try (model.parameters?.all ?? []).map { try $0.value.detached() } + constants
  }

  /// Scores of so many pictures at once, prepared when they are due.
  private func scored(_ texts: [String], _ prepared: (Range<Int>) throws -> Tensor) throws -> Tensor {
    let parts = try stride(from: 0, to: texts.count, by: batch).map { start in
      let range = start..<min(start + batch, texts.count)
      let pictures = try model.embeddings(pixels: prepared(range))
      switch judgement {
      case .fit(let embeddings, let value): return try value((pictures * embeddings(Array(texts[range]))).sum([-1]))
      case .look(let value): return try value(pictures)
      }
    }
    return parts.isEmpty ? try .zeros([0], on: device) : try concatenated(parts)
  }
}
