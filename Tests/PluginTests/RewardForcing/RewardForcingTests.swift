import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import RewardForcing

@Suite struct RewardForcingTests {
  @Test
  func `Reward Forcing weighs directions by exp(r / β) over the batch's mean, whatever the parts it is worked off in`()
    throws
  {
    let hand = try HandComputation()
    let rewards = [1.0, 2, -3, 5]
    let std = (rewards.reduce(0) { $0 + pow($1 - 1.25, 2) } / 4).squareRoot()
    for (isStandardised, unit) in [(true, std), (false, 1)] {
      let objective = RewardForcing(.init(try settings("{temperature: 0.5, standardise: \(isStandardised)}")))
      let raw = rewards.map { exp($0 / unit / 0.5) }
      let expected = raw.map { 4 * $0 / raw.reduce(0, +) }
      let scene = try hand.scene()
      try objective.studentLoss(scene).total.backward()
      let weights = try #require(scene.notes.first { $0.name == "reward-weight" }).values
      try expectClose(weights, Tensor(expected), 1e-5)
      let direction = try scene.distributionMatching + scene.conditionalAlignment
      try expectClose(
        #require(hand.samples.gradient), -1.0 / 8 * weights.unsqueezed(1) * direction / scene.scale, 1e-5)
      try hand.samples.setGradient(nil)
      let half = Scene(
        samples: try hand.samples.rows(2..<4), condition: try Condition(classes: [1, 1]), time: try Tensor([0.6, 0.8]),
        noise: try hand.noise.rows(2..<4), matching: Matching(),
        teacher: FormulaDenoiser.constant(try hand.conditional.rows(2..<4)),
        fakeTeacher: FormulaDenoiser.constant(try hand.fake.rows(2..<4)),
        batchRewards: try BatchRewards(rewards: hand.rewards, groupAdvantage: #require(objective.groupAdvantage)),
        range: 2..<4)
      _ = try objective.studentLoss(half)
      try expectSame(#require(half.notes.first { $0.name == "reward-weight" }).values, weights.rows(2..<4))
    }
    #expect(try scaleOfWeights([1e30, -1e30, 0, 0]) <= 4)
    #expect(try scaleOfWeights([7, 7, 7, 7]) == 1)
  }

  /// The largest of Reward Forcing's weights for rewards.
  private func scaleOfWeights(_ rewards: [Float]) throws -> Double {
    let hand = try HandComputation()
    let scene = Scene(
      samples: hand.samples, condition: try Condition(classes: [0, 0, 1, 1]), time: try times("time", 4),
      noise: hand.noise, matching: Matching(), teacher: FormulaDenoiser.constant(hand.conditional),
      fakeTeacher: FormulaDenoiser.constant(hand.fake),
      batchRewards: try BatchRewards(rewards: Tensor(rewards), groupAdvantage: GroupAdvantage(groupSize: 1)))
    _ = try RewardForcing(.init(settings("temperature: 0.01"))).studentLoss(scene)
    return try #require(scene.notes.first { $0.name == "reward-weight" }).values.doubles().max() ?? 0
  }
}
