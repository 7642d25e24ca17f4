import Fewstep
import Tensors

/// The folder's two text encoders: they turn prompts into the U-Net's inputs "text" [B, L, C] and "pooled" [B, P].
final class CLIPConditioner: TextConditioner {
  private let source: ModelSource
  private let encoders: Lazy<TextEncoders>

  init(_ source: ModelSource) {
    self.source = source
    encoders = Lazy {
      try TextEncoders(source.folder, variant: source.variant, dtype: source.precision, on: source.device)
    }
  }

  func embed(_ prompts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    let (text, pooled, cutOff) = try encoders()(prompts)
    return (["text": text, "pooled": pooled], cutOff)
  }

  func nothing() throws -> [String: Tensor] {
    let (text, pooled) = try encoders().nothing()
    return ["text": text, "pooled": pooled]
  }

  func fingerprint() throws -> Fingerprint {
    try TextEncoders.fingerprint(source.folder, variant: source.variant)
  }
}
