import Evaluation
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct GroupAdvantageTests {
  @Test func `Advantages are Equation 12: centred and scaled in their group, and clipped`() throws {
    // Mean 3, biased standard deviation √3.5; then a group with mean 0 and standard deviation 2.
    let rewards = try Tensor([Float(1), 2, 3, 6, 2, -2, 2, -2])
    let made = try GroupAdvantage(groupSize: 4, epsilon: 1e-6).advantages(rewards)
    let middle = -1 / 3.5.squareRoot()
    try expectClose(made, Tensor([-1, middle, 0, 1, 1, -1, 1, -1]), 1e-5)
    let wide = try GroupAdvantage(groupSize: 4, clip: 10, epsilon: 0.5).advantages(rewards)
    let scale = 3.5.squareRoot() + 0.5
    try expectClose(wide, Tensor([-2 / scale, -1 / scale, 0, 3 / scale, 0.8, -0.8, 0.8, -0.8]), 1e-6)
  }

  @Test(arguments: [2, 3, 6, 7, 64])
  func `A group whose rewards do not differ has no advantages, whatever its rewards and its size`(_ size: Int) throws {
    for reward in [0.1, -1234.567, 1e-3, 3e7, -7.77] {
      let rewards = try Tensor(Array(repeating: Float(reward), count: size))
      let made = try GroupAdvantage(groupSize: size).advantages(rewards)
      #expect(try made.doubles().allSatisfy { $0 == 0 }, "\(size) rewards of \(reward): \(made)")
    }
  }

  @Test func `A standard deviation drawn towards the step's keeps small differences small`() throws {
    // Standard deviations 0.001 and 1.
    let rewards = try Tensor([Float(0.001), -0.001, 1, -1, 5, 5])
    for pooled in [0, 0.5, 1] {
      let made = try GroupAdvantage(groupSize: 2, epsilon: 1e-9, pooledStd: pooled).advantages(rewards).doubles()
      let pool = pooled * (1 + 1e-6) / 3
      let expected = [0.001, 1].map { min(1, $0 / ((1 - pooled) * $0 * $0 + pool).squareRoot()) }
      for (index, value) in made.enumerated() {
        let size = index < 4 ? expected[index / 2] : 0
        #expect(Swift.abs(value - (index % 2 == 0 ? size : -size)) < 1e-4, "\(pooled): \(made)")
      }
    }
  }

  @Test func `An advantage does not depend on other groups, nor on where the group stands`() throws {
    let groupAdvantage = GroupAdvantage(groupSize: 4)
    let (a, b, c) = (try normal("a", [4]), try normal("b", [4]) * 100, try normal("c", [4]) - 50)
    let alone = try groupAdvantage.advantages(a)
    try expectSame(groupAdvantage.advantages(concatenated([a, b])).rows(0..<4), alone)
    try expectSame(groupAdvantage.advantages(concatenated([c, b, a])).rows(8..<12), alone)
    #expect(try bytes(groupAdvantage.advantages(b)) != bytes(alone))
  }

  @Test func `The mean that weights are divided by is that of the sample's own group`() throws {
    let rewards = try concatenated([normal("a", [4]), normal("b", [4]) * 3])
    let batchRewards = try BatchRewards(rewards: rewards, groupAdvantage: GroupAdvantage(groupSize: 4))
    let means = try batchRewards.groupMean { try exp(-1.0 * $0) }.values.doubles()
    let advantages = try batchRewards.advantages.doubles()
    for group in [0..<4, 4..<8] {
      let expected = advantages[group].reduce(0) { $0 + Foundation.exp(-$1) } / 4
      for sample in group { #expect(Swift.abs(means[sample] - expected) < 1e-6) }
    }
    let other = try BatchRewards(
      rewards: concatenated([normal("a", [4]), normal("other", [4])]), groupAdvantage: GroupAdvantage(groupSize: 4))
    try expectSame(
      other.groupMean { try exp(-1.0 * $0) }.rows(0..<4).values,
      batchRewards.groupMean { try exp(-1.0 * $0) }.rows(0..<4).values)
  }
}
