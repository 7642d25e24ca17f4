import Fewstep
import Tensors

/// The log-probability of the requested class by a classifier. The class is the ID of a sample's prompt, so a
/// classifier of captions works with text-conditioned backbones. A video's score is the mean over its frames, if the classifier does
/// not see whole videos.
public final class ClassifierReward: RewardProxy {
  private let classifier: Classifier
  private let medium: Medium
  private let frames: VideoFrames

  /// A reward that uses a classifier.
  ///
  /// - Parameters:
  ///   - medium: the kind of the backbone's samples.
  ///   - frames: the frames of videos that are scored.
  public init(_ classifier: Classifier, of medium: Medium = .images, _ frames: VideoFrames = VideoFrames()) {
    (self.classifier, self.medium, self.frames) = (classifier, medium, frames)
  }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard medium != .points, let pixels else {
      throw TensorError("classifier reward", "samples of this backbone are no images or videos")
    }
    let classes = classifier.architecture.classes
    if let largest = condition.promptIDs.max(), largest >= classes {
      throw TensorError(
        "classifier reward", "expected prompt IDs below \(classes), the number of classes, got \(largest)")
    }
    guard case .videos = medium, !classifier.readsVideos else { return try score(pixels, condition.promptIDs) }
    return try frames.mean(of: pixels, batch: pixels.shape[0]) { images, owners in
      try self.score(images, owners.map { condition.promptIDs[$0] })
    }
  }

  /// [B] for images [B, C, H, W].
  private func score(_ images: Tensor, _ classes: [Int]) throws -> Tensor {
    let wanted = try Tensor(classes).to(images.device).unsqueezed(1)
    return try classifier.logProbabilities(images).gathered(wanted, 1).squeezed(1)
  }

  public func fingerprint() throws -> Fingerprint { try classifier.fingerprint().merging(frames.fingerprint) }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin("classifier", "Log-probability of the wanted class by a trained classifier") { s in
        let path = s.path("weights", "The classifier's weights (safetensors).")
        let frames = VideoFrames(s)
        return {
          ClassifierReward(try Classifier(weights: path, on: $0.device), of: $0.backbone?.medium ?? .images, frames)
        }
      })
    catalog.features.append(
      Plugin("classifier", "The spatial means of all layers of a trained classifier, and its class probabilities") {
        s in
        let path = s.path("weights", "The classifier's weights (safetensors), which should not be the reward's.")
        return { try Classifier(weights: path, on: $0.device) }
      })
    catalog.classifiers.append(
      Plugin("classifier", "A small convolutional classifier of images, or of whole videos") { s in
        let architecture = Classifier.Architecture(
          inputs: s.integer("inputs", default: 1, in: .closed(1, 4096), "Channels of an image."),
          frames: s.has("frames")
            ? s.integer("frames", in: .closed(2, 1024), "Frames of a video, which it sees at once; without it, images.")
            : nil,
          channels: s.integers(
            "channels", default: [32, 64, 64, 96], in: .closed(8, 4096),
            "Channels of the convolutions, each a multiple of 8; every other one halves the resolution."),
          features: s.integer("features", default: 128, in: .closed(1, 8192), "Width of the last hidden layer."),
          classes: s.integer("classes", default: 10, in: .closed(2, 100_000), "Classes."))
        s.require(1...32 ~= architecture.channels.count, at: "channels", "expected 1 to 32 numbers, one a convolution")
        s.require(architecture.channels.allSatisfy { $0 % 8 == 0 }, at: "channels", "each must be a multiple of 8")
        return { try Classifier(architecture, .random(seed: $0.seed), on: $0.device) }
      })
  }
}
