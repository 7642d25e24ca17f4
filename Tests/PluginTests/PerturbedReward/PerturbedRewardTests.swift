import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import PerturbedReward

@Suite struct PerturbedRewardTests {
  private let plain = FormulaReward { try $0.sum([1]) }
  private let none = Condition(promptIDs: [], tensors: [:])

  private func perturbed(scale: Double = 1, std: Double, frequency: Double = 10, seed: Int = 0) throws
    -> PerturbedReward
  {
    try PerturbedReward(plain, scale: scale, std: std, frequency: frequency, seed: seed, shape: [2])
  }

  @Test func `A perturbed reward is another one, scaled, with noise of the given standard deviation`() throws {
    let samples = try 3 * normal("samples", [2000, 2])
    let score = try plain.score(samples, pixels: nil, given: none)
    try expectSame(perturbed(scale: -1, std: 0).score(samples, pixels: nil, given: none), -score)
    let noise = try perturbed(scale: 2, std: 0.7).score(samples, pixels: nil, given: none) - 2 * score
    #expect(Swift.abs(try mean(noise).item()) < 0.1)
    #expect(Swift.abs(try noise.variance([0]).item().squareRoot() - 0.7) < 0.1)
    let other = try perturbed(scale: 2, std: 0.7, seed: 1).score(samples, pixels: nil, given: none) - 2 * score
    #expect(Swift.abs(try mean(noise * other).item()) < 0.1)
  }

  @Test func `A perturbed reward's noise belongs to the sample, and is alike only for samples that are near`() throws {
    let samples = try normal("samples", [500, 2])
    let reward = try perturbed(std: 1)
    let whole = try reward.score(samples, pixels: nil, given: none)
    try expectClose(reward.score(samples.rows(100..<101), pixels: nil, given: none), whole.rows(100..<101), 1e-4)
    func noise(_ shift: Double) throws -> Tensor {
      let moved = try samples + shift
      return try reward.score(moved, pixels: nil, given: none) - plain.score(moved, pixels: nil, given: none)
    }
    let here = try noise(0)
    #expect(try mean(here * noise(0.01)).item() > 0.8)
    #expect(try Swift.abs(mean(here * noise(0.5)).item()) < 0.2)
  }

  @Test func `A recipe's perturbed reward is checked inside, at its place, and lists what it may be made of`() throws {
    let node = try FullRecipe.amd.node().setting(["reward"], to: "{kind: perturbed, std: 1, of: {kind: density}}")
    let recipe = try Recipe(node, catalog: smallCatalog())
    #expect(try TrainingComponents(recipe).reward is PerturbedReward)
    let wrong = try FullRecipe.amd.node().setting(["reward"], to: "{kind: perturbed, of: {kind: densty, scale: 1}}")
    #expect(
      try problems(wrong).map(\.message).contains {
        $0.contains("reward.of.kind: 'densty'") && $0.contains("'density'?")
      })
    let unknown = try FullRecipe.amd.node().setting(
      ["reward"], to: "{kind: perturbed, of: {kind: perturbed, stdd: 1, of: {kind: density}}}")
    #expect(try problems(unknown).map(\.message) == ["unknown key 'reward.of.stdd'. Did you mean 'std'?"])
    let catalog = smallCatalog()
    let settings = try #require(catalog.rewards.first { $0.name == "perturbed" }).settings(in: catalog)
    #expect(settings.map(\.key) == ["of.kind", "scale", "std", "frequency", "seed"])
    #expect(settings[0].type.contains("density") && settings[0].type.contains("classifier"))
  }
}
