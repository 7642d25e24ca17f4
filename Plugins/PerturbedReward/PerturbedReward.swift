import Fewstep
import Tensors

/// Another reward, scaled and with added noise, to find out how good a reward has to be. The noise is a function of the
/// sample alone, so a sample keeps its score.
///
/// The noise is a sum of random Fourier features (Rahimi & Recht, NIPS 2007): a nearly Gaussian field of the given
/// standard deviation, whose values are almost independent at samples further apart than about 1 / `frequency`.
public final class PerturbedReward: RewardProxy {
  private let reward: any RewardProxy
  private let scale: Double
  private let std: Double
  private let waves: Tensor
  private let phases: Tensor

  /// - Parameter std: the noise's standard deviation.
  public init(
    _ reward: any RewardProxy, scale: Double, std: Double, frequency: Double, seed: Int, shape: [Int],
    on device: Device = .cpu
  ) throws {
    (self.reward, self.scale, self.std) = (reward, scale, std)
    let noise = Noise(seed: seed)
    let count = 0..<64
    waves = try frequency * noise.stream("waves", step: 0).normal(count, [shape.reduce(1, *)], on: device)
    phases = try noise.stream("phases", step: 0).uniform(count, high: 2 * Double.pi, on: device)
  }

  public var readsPixels: Bool { reward.readsPixels }
  public var scorer: Fingerprint { reward.scorer }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    let score = try scale * reward.score(samples, pixels: pixels, given: condition)
    guard std > 0 else { return score }
    let features = try cos(linear(samples.reshaped([samples.shape[0], -1]), waves, phases))
    return try score + std * (2 / Double(waves.shape[0])).squareRoot() * features.sum([1])
  }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin("perturbed", "Another reward, scaled and with added noise, to find out how good a reward has to be") { s in
        let reward = s.plugin("of", among: \.rewards, "The reward that is perturbed.")
        let scale = s.number(
          "scale", default: 1, in: .any, "Factor of the reward; -1 inverts it.")
        let std = s.number("std", default: 0, in: .nonNegative, "Standard deviation of the noise.")
        let frequency = s.number(
          "frequency", default: 10, in: .positive,
          "How fast the noise changes from sample to sample, in radians per unit of each coordinate.")
        let seed = s.integer("seed", default: 0, "Seed of the noise.")
        return { context in
          try PerturbedReward(
            reward(context), scale: scale, std: std, frequency: frequency, seed: seed,
            shape: context.backbone?.sampleShape ?? [], on: context.device)
        }
      })
  }
}
