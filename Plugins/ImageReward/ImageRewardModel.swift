import Encoders
import Fewstep
import Files
import Networks
import Tensors

/// ImageReward (Xu et al., arXiv 2304.05977): BLIP's text encoder reads a prompt with cross-attention to the image, and
/// linear layers turn its first token into a number. Parameters have the checkpoint's names.
final class ImageRewardModel {
  let vision: VisionTransformer
  private let text: BERTTextEncoder
  private let head: [Linear]
  let parameters: [Parameter]

  /// The number of ids per text, including padding.
  static let length = 35
  /// Mean and standard deviation of raw scores over the paper's data; published scores are normalized by them.
  private static let (mean, std) = (0.16717362830052426, 1.0333394966054072)
  /// The indices and widths of the head's linear layers; dropouts have the indices in between.
  private static let headLayers = [(0, 1024), (2, 128), (4, 64), (6, 16), (7, 1)]
  /// Tensors in the checkpoint that are not used: those of BLIP's pretraining, and a buffer.
  private static let unread = ["blip.vision_proj.", "blip.text_proj.", "blip.text_encoder.embeddings.position_ids"]

  /// A frozen model with a checkpoint's weights.
  ///
  /// - Parameter dtype: the dtype of everything but the head, which stays float32 as published.
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  init(_ weights: any WeightSource, _ configuration: BERTConfiguration, dtype: DType, on device: Device) throws {
    let shape = try VisionTransformerShape(weights, prefix: "blip.visual_encoder.")
    let body = ParameterStore(weights.parameters, dtype: dtype, device: device)
    let top = ParameterStore(weights.parameters, device: device)
    (vision, text) = try weights.network(in: body, ignoring: Self.unread + ["mlp."]) {
      try Self.blip($0, shape, configuration)
    }
    head = try weights.network(in: top, ignoring: ["blip."]) { try Self.head($0, configuration.width) }
    for store in [body, top] { try store.setTrainable(false) }
    parameters = body.all + top.all
  }

  static func blip(
    _ scope: Scope, _ shape: VisionTransformerShape, _ configuration: BERTConfiguration
  ) throws -> (VisionTransformer, BERTTextEncoder) {
    (
      try VisionTransformer(scope / "blip" / "visual_encoder", shape),
      try BERTTextEncoder(scope / "blip" / "text_encoder", configuration, context: shape.width)
    )
  }

  /// Linear layers without activations between them.
  static func head(_ scope: Scope, _ width: Int) throws -> [Linear] {
    var inputs = width
    return try headLayers.map { index, outputs in
      defer { inputs = outputs }
      return try Linear(scope / "mlp" / "layers" / index, inputs, outputs)
    }
  }

  /// float32 [B] for prepared images [B, 3, size, size] with texts' ids int64 [B, length] and mask bool [B, length].
  func scores(_ images: Tensor, ids: Tensor, mask: Tensor) throws -> Tensor {
    let states = try text(ids, mask: mask, context: vision(images))
    let raw = try head.reduce(states[.all, 0].to(.float32)) { try $1($0) }.squeezed(-1)
    return try (raw - Self.mean) / Self.std
  }
}
