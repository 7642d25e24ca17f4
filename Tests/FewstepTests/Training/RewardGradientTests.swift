import Evaluation
import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import ClassifierReward
@testable import Fewstep
@testable import GaussianMixture
@testable import PerturbedReward

/// The term -λ mean R in the student's loss.
@Suite struct RewardGradientTests {
  private let centre = [1.0, -2.0]

  /// A trainer whose student makes one point whatever the noise, with a reward R = -|x - c|² / 2 s².
  private func trainer(at point: [Double], weight: Double, parts: Int = 1) throws -> Trainer {
    let recipe = try shortRecipe(
      [
        "student.reward-weight": "\(weight)", "student.steps": "[1]", "student.learning-rate": "0",
        "training.micro-batches": "\(parts)",
      ], objective: "dmd")
    let backbone = try recipe.openedBackbone()
    let centre = try Tensor(centre).to(.float32)
    return try Trainer(
      recipe,
      components: TrainingComponents(
        backbone: backbone, teacher: backbone.teacher(), student: PointStudent(point),
        fakeTeacher: backbone.trainable(.fakeTeacher, adapters: false, seed: 1), objective: IdleObjective(),
        reward: FormulaReward { try -0.5 / 0.25 * ($0 - centre).squared().sum([1]) }))
  }

  private func loss(_ report: StepReport, _ name: String = "loss") throws -> Double {
    try #require(report.student.first { $0.name == name }?.value)
  }

  @Test(arguments: [1, 4])
  func `The gradient of a reward that is known is the known one, in parts too, and that of finite differences`(
    parts: Int
  ) throws {
    let (point, weight) = ([0.5, 0.25], 0.3)
    let report = try trainer(at: point, weight: weight, parts: parts).step()
    // λ (x - c) / s²
    let gradient = zip(point, centre).map { weight * ($0 - $1) / 0.25 }
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(Swift.abs(report.studentNorm - norm) < 1e-5 * norm)
    let squared = zip(point, centre).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(try Swift.abs(loss(report, "reward-loss") - squared / 2 / 0.25) < 1e-4)
    #expect(try Swift.abs(loss(report) - weight * loss(report, "reward-loss")) < 1e-5)
    for axis in 0..<2 {
      func moved(_ step: Double) throws -> Double {
        var point = point
        point[axis] += step
        return try loss(trainer(at: point, weight: weight, parts: parts).step())
      }
      let difference = try (moved(0.01) - moved(-0.01)) / 0.02
      #expect(Swift.abs(difference - gradient[axis]) < 1e-3 * norm, "\(difference) \(gradient[axis])")
    }
  }

  @Test
  func `A weight of 0 is no weight, to the bit, and another one moves the student alone in the first step`() throws {
    func trained(_ changes: [String: String], steps: Int = 2) throws -> (Trainer, [StepReport]) {
      let trainer = try Trainer(shortRecipe(changes))
      return (trainer, try trainer.train(steps))
    }
    let (absent, zero) = (try trained([:]), try trained(["student.reward-weight": "0"]))
    #expect(try differences(absent.0, zero.0).isEmpty)
    #expect(zero.1.allSatisfy { report in !report.student.contains { $0.name == "reward-loss" } })
    // Another update of the fake teacher would see the moved student's samples.
    let (none, some) = (
      try trained(["fake-teacher.updates": "1"], steps: 1),
      try trained(["fake-teacher.updates": "1", "student.reward-weight": "1"], steps: 1)
    )
    let moved = try differences(none.0, some.0)
    #expect(moved.contains { $0.hasPrefix("student/") })
    #expect(moved.allSatisfy { ["student/", "optimizers/student/", "ema/"].contains(where: $0.hasPrefix) }, "\(moved)")
  }

  @Test func `A student that is only told of the reward climbs it`() throws {
    let recipe = try shortRecipe(
      ["student.reward-weight": "1", "student.learning-rate": "0.01", "student.steps": "[1]"], objective: "dmd")
    let components = try TrainingComponents(recipe)
    let trainer = try Trainer(recipe, components: components.with(IdleObjective(), reward: components.reward))
    let reports = try trainer.train(60)
    func reward(_ report: StepReport) throws -> Double {
      let rewards = try #require(report.columns.first { $0.name == "reward" }).values
      return rewards.reduce(0, +) / Double(rewards.count)
    }
    #expect(try reward(reports.last!) > 0.5 * reward(reports[0]), "a mean log-density, below 0")
  }

  @Test func `A recipe that asks for a gradient where there is none is refused at its place`() throws {
    func refused(_ changes: [String: String]) throws -> String {
      let changes = changes.merging(["student.reward-weight": "0.1"]) { $1 }
      do { _ = try TrainingComponents(shortRecipe(changes, objective: "dmd")) } catch { return "\(error)" }
      return ""
    }
    #expect(try refused(["reward": "null"]).contains("student.reward-weight: there is no reward"))
    #expect(try refused([:]).isEmpty)
    #expect(try refused(["reward": "{kind: intrinsic, discrepancy: 1}"]).isEmpty)
    let recipe = try shortRecipe(["student.reward-weight": "0.1"], objective: "dmd")
    let components = try TrainingComponents(recipe)
    let deaf = FormulaReward { samples in try noGrad { try samples.sum([1]) } }
    let trainer = try Trainer(recipe, components: components.with(components.objective, reward: deaf))
    let error = #expect(throws: Failure.self) { try trainer.step() }
    #expect(error?.description.contains("FormulaReward is not differentiable") == true)
  }

  @Test func `A classifier's reward carries its gradient to the pixels, and none to the classifier`() throws {
    let classifier = try Classifier(
      Classifier.Architecture(inputs: 1, channels: [8, 8], features: 4, classes: 3), .random(seed: 2))
    try classifier.parameters.setTrainable(false)
    let reward = try PerturbedReward(
      ClassifierReward(classifier), scale: 2, std: 0, frequency: 1, seed: 0, shape: [1, 8, 8])
    let x = try sigmoid(normal("pixels", [2, 1, 8, 8]))
    let condition = try Condition(classes: [0, 2])
    func total(_ x: Tensor) throws -> Tensor { try sum(reward.score(x, pixels: x, given: condition)) }
    let leaf = try x.detached().requiringGrad()
    try total(leaf).backward()
    let gradient = try #require(leaf.gradient)
    let step = try 1e-2 * normal("step", [2, 1, 8, 8])
    let change = try total(x + step).item() - total(x - step).item()
    let expected = try 2 * sum(gradient * step).item()
    #expect(Swift.abs(change - expected) < 0.02 * Swift.abs(expected), "\(change) \(expected)")
    #expect(classifier.parameters.all.allSatisfy { $0.value.gradient == nil })
  }

  @Test func `A checkpoint goes on with the scorer that it was made with, and with no other`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(objective: "dmd")
    func trainer(_ version: String) throws -> Trainer {
      let components = try TrainingComponents(recipe)
      return try Trainer(recipe, components: components.with(components.objective, reward: ForeignReward(version)))
    }
    try Checkpoint.save(trainer("judge 1.0"), to: scratch.path("a.h5"))
    try Checkpoint.load(scratch.path("a.h5"), into: trainer("judge 1.0"))
    let error = #expect(throws: Failure.self) {
      try Checkpoint.load(scratch.path("a.h5"), into: trainer("judge 1.1"))
    }
    #expect(
      error?.description.contains("`reward` was scored by another program: version: judge 1.0 instead of judge 1.1")
        == true,
      "\(error as Any)")
    try Checkpoint.load(scratch.path("a.h5"), into: Trainer(recipe))
    #expect(
      try PerturbedReward(
        ForeignReward("judge 2"), scale: 1, std: 0, frequency: 1, seed: 0, shape: [2]
      ).scorer == ["version": "judge 2"])
  }

  @Test func `An external scorer is part of an evaluation's fingerprint`() throws {
    func fingerprint(_ version: String) throws -> Fingerprint {
      var catalog = smallCatalog()
      catalog.rewards.append(Plugin("foreign", "") { _ in { _ in ForeignReward(version) } })
      let node = try FullRecipe.averaged.node().setting(["evaluation", "reward"], to: "{kind: foreign}")
      let recipe = try Recipe(node, catalog: catalog)
      let backbone = try recipe.openedBackbone()
      return try ModelEvaluation(
        recipe, #require(recipe.evaluation), backbone: backbone, teacher: backbone.teacher()
      ).fingerprint
    }
    #expect(try fingerprint("judge 1.0") == fingerprint("judge 1.0"))
    #expect(
      try fingerprint("judge 1.0").differences(from: fingerprint("judge 1.1"))
        == ["reward.scorer.version: judge 1.0 instead of judge 1.1"])
  }

  @Test func `A run's diagnostics say who has scored`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(["monitor": "{every: 0}"], objective: "dmd")
    let components = try TrainingComponents(recipe)
    let folder = RunFolder(scratch.path("run"))
    let run = try TrainingRun(
      Trainer(recipe, components: components.with(components.objective, reward: ForeignReward("judge 1.0"))),
      folder: folder,
      resume: false)
    _ = try run.run(until: 1)
    #expect(try HDF5File.open(folder.diagnostics).fingerprint("scorer.reward") == ["version": "judge 1.0"])
  }
}

/// Makes one point, which is its only parameter.
private final class PointStudent: Student {
  let schedule: any NoiseSchedule = RectifiedFlow()
  let prediction = Prediction.sample
  let parameters: ParameterStore
  private let point: Parameter

  init(_ point: [Double]) throws {
    parameters = ParameterStore(.checkpoint { _ in try Tensor(point).to(.float32) })
    self.point = try parameters.root.parameter("point", [point.count], .zeros)
    try parameters.setTrainable(true)
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try noisy * 0 + point.value
  }
}

/// Has no effect on the student.
private final class IdleObjective: MatchingObjective {
  func studentLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.samples * 0)) }
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

/// A reward that an external program computes.
private final class ForeignReward: RewardProxy {
  let scorer: Fingerprint
  init(_ version: String) { scorer = ["version": version] }
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor { try samples.sum([1]) }
}
