import Tensors

/// R: says how good samples are, and so where the teacher may be unreliable (AMD's sensor of Forbidden Zones).
///
/// Laws: a sample's score depends on that sample and its condition alone; if gradients are recorded, the scores carry
/// their graph to the samples and the pixels, or `student.reward-weight` cannot be used with it.
public protocol RewardProxy: AnyObject {
  /// float [B], higher is better.
  ///
  /// - Parameters:
  ///   - samples: [B, ...], as the backbone makes them.
  ///   - pixels: [B, C, H, W] in 0...1, or nil for points; [B, C, F, H, W] of videos.
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor

  /// Whether it looks at pixels: latents are not decoded for one that does not.
  var readsPixels: Bool { get }

  /// What scores depend on besides the samples, such as the weights' hash: settings hold paths, which say little. Empty if
  /// the settings determine the scores.
  func fingerprint() throws -> Fingerprint

  /// Identifies an external scorer: its name and version. Runs record it and refuse to resume with a different one. Empty if
  /// the settings determine the scores.
  var scorer: Fingerprint { get }
}

extension RewardProxy {
  public var readsPixels: Bool { true }
  public func fingerprint() throws -> Fingerprint { [:] }
  public var scorer: Fingerprint { [:] }
}

/// A reward of any image file for any prompt: benchmarks score with it.
public protocol ImageFileReward: RewardProxy {
  /// float32 [B], as the reward's published scorer gives for files. Runs without gradients.
  ///
  /// - Parameter images: B of them, each uint8 [3, H, W] on the CPU, of its own size.
  func score(images: [Tensor], prompts: [String]) throws -> Tensor
}
