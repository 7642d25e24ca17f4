import Fewstep
import Tensors

/// Rewarded DMD of Reward Forcing (arXiv 2512.04678): DMD's direction times exp(r / β), so that rewarded samples are matched
/// harder. The fake teacher learns all samples alike.
///
/// The weights are divided by their mean over the step's samples, which no reward overflows; and rewards are standardised
/// over them, so that β means the same for every reward.
public final class RewardForcing: MatchingObjective {
  private let temperature: Double
  private let isStandardised: Bool
  public let groupAdvantage: GroupAdvantage?

  public init(_ s: SettingsReader) {
    temperature = s.number(
      "temperature", default: 1, in: .positive, "β in exp(r / β) (the paper: 0.5, on rewards as they come).")
    isStandardised = s.boolean(
      "standardise", default: true, "Centre rewards and divide them by their deviation over the step's samples.")
    groupAdvantage = GroupAdvantage(
      groupSize: 1,
      interval: s.integer(
        "interval", default: 1, in: .atLeast(1), "Rewards are evaluated every so many steps; plain DMD between."))
  }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let weight = try scene.overBatch { rewards in
      var r = try rewards.to(.float64)
      if isStandardised { r = try (r - mean(r)) / sqrt(r.variance([0], correction: 0) + 1e-12) }
      return try ((r / temperature).softmax(0) * Double(rewards.count)).to(.float32)
    }
    scene.note("reward-weight", weight)
    let direction = try scene.distributionMatching + scene.conditionalAlignment
    return try scene.match(along: weight.broadcast(toRank: scene.samples.rank) * direction)
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

extension RewardForcing {
  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("reward-forcing", "DMD weighted by exp(reward / β): Rewarded DMD (arXiv 2512.04678)") { s in
        let objective = RewardForcing(s)
        return { _ in objective }
      })
  }
}
