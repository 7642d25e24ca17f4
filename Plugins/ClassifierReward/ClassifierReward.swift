import Fewstep
import Tensors

/// The log-probability of the requested class by a classifier. The class is the ID of a sample's prompt, so a
/// classifier of captions works with text-conditioned backbones.
public final class ClassifierReward: RewardProxy {
  private let classifier: Classifier

  /// A reward that uses a classifier.
  public init(_ classifier: Classifier) { self.classifier = classifier }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard let pixels else { throw TensorError("classifier reward", "samples of this backbone are no images") }
    let classes = classifier.architecture.classes
    if let largest = condition.promptIDs.max(), largest >= classes {
      throw TensorError(
        "classifier reward", "expected prompt IDs below \(classes), the number of classes, got \(largest)")
    }
    let wanted = try Tensor(condition.promptIDs).to(pixels.device).unsqueezed(1)
    return try classifier.logProbabilities(pixels).gathered(wanted, 1).squeezed(1)
  }

  public func fingerprint() throws -> Fingerprint { try classifier.fingerprint() }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin("classifier", "Log-probability of the wanted class by a trained classifier") { s in
        let path = s.path("weights", "The classifier's weights (safetensors).")
        return { ClassifierReward(try Classifier(weights: path, on: $0.device)) }
      })
    catalog.features.append(
      Plugin("classifier", "The spatial means of all layers of a trained classifier, and its class probabilities") {
        s in
        let path = s.path("weights", "The classifier's weights (safetensors), which should not be the reward's.")
        return { try Classifier(weights: path, on: $0.device) }
      })
    catalog.classifiers.append(
      Plugin("classifier", "A small convolutional classifier of images") { s in
        let architecture = Classifier.Architecture(
          inputs: s.integer("inputs", default: 1, in: .closed(1, 4096), "Channels of an image."),
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
