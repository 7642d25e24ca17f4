import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import GaussianMixture
@testable import TeacherReward

@Suite struct TeacherRewardTests {
  @Test
  func `The intrinsic reward is higher where the teacher knows samples, and lower where the teachers disagree`() throws
  {
    let stage = try Stage.points()
    let mixture = try #require(stage.backbone as? GaussianMixture).mixture
    let (samples, classes) = try mixture.sample(
      Noise(seed: 1).stream("samples", step: 0), Noise(seed: 1).stream("components", step: 0), 0..<200)
    let condition = try Condition(classes: classes)
    func reward(_ weight: Double) -> TeacherReward {
      TeacherReward(stage.teacher, stage.fakeTeacher, times: [0.2, 0.5], weight: weight, seed: 3)
    }
    func score(_ samples: Tensor, _ weight: Double = 0) throws -> Tensor {
      try noGrad { try reward(weight).score(samples, pixels: nil, given: condition) }
    }
    let good = try score(samples)
    #expect(good.shape == [200])
    #expect(try mean(good).item() > mean(score(samples + 1)).item() + 0.5)
    #expect(try mean(score(samples, 1)).item() < mean(good).item() - 0.1)
    try expectSame(score(samples), good)
    let alone = try noGrad {
      try reward(0).score(samples.rows(7..<8), pixels: nil, given: condition.rows(7..<8))
    }
    try expectClose(alone, good.rows(7..<8), 1e-4)
  }

  @Test func `A recipe's intrinsic reward asks the run's own teachers, and says so where there are none`() throws {
    let recipe = try shortRecipe(["reward": "{kind: intrinsic, discrepancy: 0.5}"])
    #expect(try Trainer(recipe).step().reward != nil)
    let error = #expect(throws: TensorError.self) {
      _ = try recipe.reward?(PluginContext(device: .cpu, seed: 0))
    }
    #expect(error?.description.contains("teachers") == true)
  }
}
