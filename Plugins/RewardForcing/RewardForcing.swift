import Fewstep
import Tensors

/// Rewarded DMD of Reward Forcing (arXiv 2512.04678): DMD's direction times exp(r / β), so that samples with a high
/// reward are matched harder. The fake teacher learns all samples equally.
///
/// Weights are divided by their mean over the step's samples, so that no reward overflows them. Rewards are
/// standardized over these samples, so that β has the same meaning for every reward.
public final class RewardForcing: MatchingObjective {
  public struct Settings: Sendable {
    /// β
    public let temperature: Double
    public let isStandardised: Bool
    public let interval: Int

    public init(_ s: SettingsReader) {
      temperature = s.number(
        "temperature", default: 1, in: .positive, "β in exp(r / β) (the paper: 0.5, on rewards as they come).")
      isStandardised = s.boolean(
        "standardise", default: true,
        "Centre rewards and divide them by their standard deviation over the step's samples.")
      interval = s.integer(
        "interval", default: 1, in: .atLeast(1), "Steps between evaluations of the reward; plain DMD in between.")
    }
  }

  private let settings: Settings

  public init(_ settings: Settings) { self.settings = settings }

  public var groupAdvantage: GroupAdvantage? { GroupAdvantage(groupSize: 1, interval: settings.interval) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let weight = try scene.overBatch { rewards in
      var r = try rewards.to(.float64)
      if settings.isStandardised { r = try (r - mean(r)) / sqrt(r.variance([0], correction: 0) + 1e-12) }
      return try ((r / settings.temperature).softmax(0) * Double(rewards.count)).to(.float32)
    }
    scene.note("reward-weight", weight)
    let direction = try scene.distributionMatching + scene.conditionalAlignment
    return try scene.match(along: weight * direction)
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin(
        "reward-forcing", "DMD weighted by exp(reward / β): Rewarded DMD (arXiv 2512.04678)", Settings.init,
        RewardForcing.init))
  }
}
