import Files
import Reports
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct DirectionFieldTests {
  private func cast(_ objective: String) throws -> (Recipe, TrainingComponents) {
    let text = """
      name: field
      threads: 1
      backbone: {kind: gaussian-mixture, network: {width: 16, layers: 2, embedding: 8}}
      reward: {kind: density}
      data: {kind: mixture, count: 50}
      objective: \(objective)
      student: {steps: [1]}
      matching: {guidance: 1.5, scale: none}
      training: {steps: 1, batch: 16}
      """
    let recipe = try Recipe(YAMLNode.parse(text), catalog: smallCatalog())
    return (recipe, try TrainingComponents(recipe))
  }

  private func field(_ objective: String, _ points: Tensor, peers: Tensor) throws -> DirectionField {
    let (recipe, components) = try cast(objective)
    return try DirectionField(
      at: points, time: 0.4, prompt: 1, peers: peers, components: components, recipe: recipe, noises: 3)
  }

  @Test func `DMD's own direction is the difference of the two teachers'`() throws {
    let points = try normal("points", [12, 2]) * 2
    let field = try field("{kind: dmd}", points, peers: normal("peers", [20, 2]))
    try expectClose(field.difference, field.real - field.fake, 1e-5)
    try expectClose(field.objective, field.difference, 1e-4)
  }

  @Test func `AMD's direction follows a point's reward among the student's samples, and has other terms in it`() throws
  {
    let points = try normal("points", [12, 2]) * 2
    let peers = try normal("peers", [20, 2])
    let near = try field("{kind: amd, sensitivity: 0.5, group-size: 8}", points, peers: peers)
    let plain = try field("{kind: amd, sensitivity: 0, group-size: 8}", points, peers: peers)
    try expectClose(plain.objective, plain.difference, 1e-4)
    #expect(try abs(near.objective - plain.objective).maximum([0, 1]).item() > 1e-3)
    let gan = try field(
      "{kind: amd, sensitivity: 0, group-size: 8, gan: {student-weight: 1}}", points, peers: peers)
    #expect(try abs(gan.objective - plain.objective).maximum([0, 1]).item() > 1e-5)
  }

  @Test func `A point's direction does not depend on the other points`() throws {
    let points = try normal("points", [12, 2]) * 2
    let peers = try normal("peers", [20, 2])
    let objective = "{kind: amd, group-size: 8}"
    let all = try field(objective, points, peers: peers)
    let some = try field(objective, points.rows(3..<5), peers: peers)
    try expectClose(some.objective, all.objective.rows(3..<5), 1e-5)
  }

  @Test func `Samples outside all groups are measured against the peers, and weights against the peers' mean`() throws {
    let groupAdvantage = GroupAdvantage(groupSize: 4, clip: 10, epsilon: 0)
    // Mean 2, biased standard deviation 2.
    let peers = try Tensor([Float(0), 4, 0, 4])
    let batchRewards = try BatchRewards(
      rewards: Tensor([Float(2), 3, -2]), peers: peers, groupAdvantage: groupAdvantage)
    try expectClose(batchRewards.advantages, Tensor([Float(0), 0.5, -2]), 1e-6)
    try expectClose(batchRewards.groupMean { try $0 * $0 }.values, Tensor([Float(1), 1, 1]), 1e-6)
  }
}
