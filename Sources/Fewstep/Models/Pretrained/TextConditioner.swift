import Tensors

/// A model's text encoders with their tokenizers. Its networks are opened on first use.
public protocol TextConditioner: AnyObject {
  /// The denoiser's inputs for prompts, by name, each [prompts.count, ...].
  ///
  /// - Returns: the inputs, and how many tokens of each prompt were cut off because of the encoders' length limit.
  func embed(_ prompts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int])
  /// The same inputs for "no prompt", each [1, ...].
  func nothing() throws -> [String: Tensor]

  /// Hashes of everything that embeddings depend on, by component: weights, configurations, tokenizers. Opens no network.
  func fingerprint() throws -> Fingerprint
}
