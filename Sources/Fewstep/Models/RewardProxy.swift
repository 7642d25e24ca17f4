import Tensors

/// R: scores how good samples are, and so finds out when the teacher may be unreliable (AMD's sensor of Forbidden
/// Zones).
///
/// Laws: a sample's score depends only on that sample and its condition. If gradients are recorded, the scores carry
/// their graph to the samples and the pixels, or else `student.reward-weight` cannot be used with this reward.
public protocol RewardProxy: AnyObject {
  /// float [B], higher is better.
  ///
  /// - Parameters:
  ///   - samples: [B, ...], as the backbone makes them.
  ///   - pixels: [B, C, H, W] in 0...1, or nil for points; [B, C, F, H, W] of videos.
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor

  /// Whether the reward looks at pixels. If not, latents are not decoded for it.
  var readsPixels: Bool { get }

  /// Everything besides the samples that scores depend on, such as the weights' hash: settings hold only paths. Empty
  /// if the settings determine the scores.
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

/// A reward for any image file and any prompt: benchmarks score with it.
public protocol ImageFileReward: RewardProxy {
  /// float32 [B], the scores that the reward's published scorer gives for files. Runs without gradients.
  ///
  /// - Parameter images: B images, each uint8 [3, H, W] on the CPU, in its original size.
  func score(images: [Tensor], prompts: [String]) throws -> Tensor
}
