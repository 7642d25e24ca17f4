import Files
import Tensors

/// Prompt embeddings by a CLIP model. Prompts repeat in training, so each is embedded once.
public final class PromptEmbeddings {
  private let model: CLIPModel
  private let tokenizer: CLIPTokenizer
  /// A prefix for every prompt; may be empty.
  private let prefix: String
  private let device: Device
  /// Everything that embeddings depend on besides the model.
  public var fingerprint: Fingerprint { ["tokenizer": tokenizer.digest, "prefix": "'\(prefix)'"] }
  private var known = [String: Tensor]()
  /// The cache's limit: 400 MB of ViT-H-14's embeddings.
  private static let mostKnown = 100_000
  /// The number of prompts that are embedded at once.
  private static let batch = 16

  /// - Parameter folder: the tokenizer's folder, in transformers' layout.
  /// - Throws: `Failure` if it is not a tokenizer, or makes ids that the model has no embeddings for.
  public init(_ model: CLIPModel, tokenizer folder: String, prefix: String = "", on device: Device) throws {
    (self.model, self.prefix, self.device) = (model, prefix, device)
    tokenizer = try CLIPTokenizer(folder)
    let text = model.configuration.text
    for (name, got, limit) in [
      ("tokens", tokenizer.largestID + 1, text.vocabulary), ("ids a text", tokenizer.length, text.positions),
    ] where got > limit {
      throw Failure(
        .malformed, at: folder, "the tokenizer is not the model's", expected: "at most \(limit) \(name)", got: "\(got)")
    }
  }

  /// float32 [B, P], each of length 1, without gradients.
  public func callAsFunction(_ texts: [String]) throws -> Tensor {
    if known.count > Self.mostKnown { known.removeAll() }
    let new = Array(Set(texts).filter { known[$0] == nil }).sorted()
    for start in stride(from: 0, to: new.count, by: Self.batch) {
      let part = Array(new[start..<min(start + Self.batch, new.count)])
      let (ids, _) = try tokenizer.encode(part.map { prefix.isEmpty ? $0 : "\(prefix) \($0)" })
      let embedded = try noGrad { try model.embeddings(tokens: ids.to(device)) }
      for (index, text) in part.enumerated() { known[text] = try embedded[.at(index)].cloned() }
    }
    return try stacked(texts.compactMap { known[$0] })
  }
}
