import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import PixelUNet
@testable import SiD

@Suite struct TrainerTests {
  @Test(arguments: ["amd", "dmd2", "dmd"])
  func `Training, saving, loading and training on is training without a stop, to the bit`(_ objective: String) throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(objective: objective)
    let whole = try Trainer(recipe)
    let wholeReports = try whole.train(6)
    let first = try Trainer(recipe)
    _ = try first.train(3)
    try Checkpoint.save(first, to: scratch.path("step-3.h5"))
    let second = try Trainer(recipe)
    // Training first, so that its state differs from the saved one.
    _ = try second.train(1)
    try Checkpoint.load(scratch.path("step-3.h5"), into: second)
    #expect(second.stepCount == 3)
    #expect(try differences(first, second).isEmpty)
    let reports = try second.train(3)
    #expect(try differences(whole, second).isEmpty)
    #expect(second.studentOptimizer.optimizer.stepCount == 6)
    #expect(second.fakeTeacherOptimizer.optimizer.stepCount == 12)
    #expect(second.ema?.updateCount == 6)
    for (a, b) in zip(wholeReports[3...], reports) {
      #expect(a.student.map(\.value) == b.student.map(\.value))
      #expect("\(a.columns)" == "\(b.columns)")  // NaN is not itself
    }
    #expect(whole.tensors.filter { $0.name.hasPrefix("objective") }.isEmpty == (objective == "dmd"))
  }

  @Test func `Low-rank updates are saved and loaded with their frozen weights`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(["student.lora": "{rank: 2}", "fake-teacher.lora": "{rank: 2, layers: [output]}"])
    let whole = try Trainer(recipe)
    let start = try whole.snapshot()
    _ = try whole.train(4)
    let moved = try whole.snapshot().filter { start[$0.key] != $0.value }.keys
    #expect(moved.filter { $0.hasPrefix("student/") }.allSatisfy { $0.contains("lora_") })
    #expect(moved.contains("student/output.lora_B.weight") && moved.contains("fake-teacher/output.lora_A.weight"))
    let first = try Trainer(recipe)
    _ = try first.train(2)
    try Checkpoint.save(first, to: scratch.path("a.h5"))
    let second = try Trainer(recipe)
    try Checkpoint.load(scratch.path("a.h5"), into: second)
    _ = try second.train(2)
    #expect(try differences(whole, second).isEmpty)
  }

  @Test func `The same seed gives the same run to the bit, another seed another one`() throws {
    let (a, b) = (try Trainer(shortRecipe()), try Trainer(shortRecipe()))
    _ = (try a.train(3), try b.train(3))
    #expect(try differences(a, b).isEmpty)
    let other = try Trainer(shortRecipe(["seed": "4"]))
    _ = try other.train(3)
    let same = try Set(a.snapshot().keys).subtracting(differences(a, other))
    #expect(same.isEmpty, "\(same)")
  }

  @Test(arguments: ["amd", "dmd2", "dmd", "decoupled-dmd", "reward-forcing", "sid"])
  func `A batch in four parts is the batch, within rounding, its advantages included`(_ objective: String) throws {
    // A large ε keeps AdamW from amplifying the rounding of small gradients to whole steps.
    let smooth = ["student.epsilon": "0.1", "fake-teacher.epsilon": "0.1"]
    let whole = try Trainer(shortRecipe(smooth, objective: objective))
    let parts = try Trainer(shortRecipe(smooth.merging(["training.micro-batches": "4"]) { $1 }, objective: objective))
    // Parts of 16 contain whole groups of 8; parts of 4 do not.
    let crumbs = try Trainer(shortRecipe(smooth.merging(["training.micro-batches": "16"]) { $1 }, objective: objective))
    for _ in 0..<2 {
      let expected = try whole.step()
      for trainer in [parts, crumbs] {
        let report = try trainer.step()
        for (a, b) in zip(expected.student + expected.fakeTeacher, report.student + report.fakeTeacher) {
          #expect(a.name == b.name)
          #expect(Swift.abs(a.value - b.value) < 1e-4 * (1 + Swift.abs(a.value)), "\(a) \(b)")
        }
        #expect(Swift.abs(expected.studentNorm / report.studentNorm - 1) < 1e-3)
        #expect(Swift.abs(expected.fakeTeacherNorm / report.fakeTeacherNorm - 1) < 1e-3)
        #expect(expected.columns.map(\.name) == report.columns.map(\.name))
        for (a, b) in zip(expected.columns, report.columns) {
          let known = zip(a.values, b.values).filter { !$0.isNaN || !$1.isNaN }
          // A sample whose direction is at a right angle may flip because of rounding.
          let distances = known.map { Swift.abs($0 - $1) / (1 + Swift.abs($0)) }
          let worst = a.name == "flips" ? distances.reduce(0, +) / 64 : distances.max() ?? 0
          #expect(
            a.values.count == 64 && b.values.count == 64 && worst < (a.name == "flips" ? 0.05 : 2e-3),
            "\(a.name): \(worst)")
        }
      }
    }
    for trainer in [parts, crumbs] {
      for (a, b) in zip(whole.tensors, trainer.tensors) { try expectClose(a.tensor, b.tensor, 1e-5, a.name) }
    }
  }

  @Test(arguments: ["student", "fake teacher", "objective"])
  func `A role that is not finite stops training before anything moves`(_ role: String) throws {
    let trainer = try Trainer(shortRecipe())
    _ = try trainer.train(1)
    let stores = [
      "student": trainer.components.student.parameters, "fake teacher": trainer.components.fakeTeacher.parameters,
      "objective": try #require(trainer.components.objective.parameters),
    ]
    let poisoned = try #require(stores[role]?.all.first { $0.name.hasSuffix("weight") })
    try noGrad { try poisoned.value.assign(Tensor.full([], .nan), at: 0, 0) }
    let before = try trainer.snapshot()
    let error = #expect(throws: TrainingError.self) { _ = try trainer.step() }
    #expect(error?.description.contains("not finite at step 1") == true, "\(error.map { "\($0)" } ?? "")")
    #expect(try trainer.snapshot() == before)
    #expect(trainer.stepCount == 1)
  }

  @Test func `A gradient that is not finite stops the update, though the loss is finite`() throws {
    let recipe = try shortRecipe(objective: "dmd")
    // The slope of √ at 0 is infinite, and 0 times that is NaN.
    let poisoned = try Trainer(recipe, components: TrainingComponents(recipe).with(PoisonousObjective()))
    let before = try poisoned.snapshot()
    let error = #expect(throws: TrainingError.self) { _ = try poisoned.step() }
    #expect(error?.description.contains("gradient norm") == true)
    #expect(try poisoned.snapshot() == before)
  }

  @Test(arguments: [
    ("throws", "student's loss at step 0: aten::"), ("vector", "expected a scalar, got float32[64]"),
    ("constant", "depends on no trainable parameter"), ("note", "note 'odd' at step 0: expected 64 numbers"),
    ("reward shape", "reward (FormulaReward) at step 0: expected [64], one score per sample, got float32[64, 1]"),
    ("reward nan", "the score of sample 0 (prompt "), ("reward throws", "reward (FormulaReward) at step 0: aten::"),
  ])
  func `A plugin that throws or gives back the wrong thing is named, and nothing moves`(
    _ fault: String, _ words: String
  ) throws {
    let recipe = try shortRecipe(objective: "dmd")
    let objective = FaultyObjective(fault)
    let reward = FormulaReward { samples in
      switch fault {
      case "reward shape": try samples.sum([1], keeping: true)
      case "reward nan": try samples.sum([1]) * Double.nan
      default: try matmul(samples, samples)
      }
    }
    let trainer = try Trainer(
      recipe,
      components: TrainingComponents(recipe).with(objective, reward: fault.hasPrefix("reward") ? reward : nil))
    let before = try trainer.snapshot()
    let error = #expect(throws: Failure.self) { _ = try trainer.step() }
    #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(try trainer.snapshot() == before)
  }

  @Test func `A recipe makes a new objective each time it is asked for one`() throws {
    let recipe = try shortRecipe()
    let context = PluginContext(device: .cpu, seed: 0)
    #expect(try recipe.objective(context) !== recipe.objective(context))
  }

  @Test func `A discriminator's own optimizer moves it alone, and is saved and loaded`() throws {
    let scratch = try Scratch()
    let gan = "{student-weight: 0.1, discriminator-weight: 0.1, optimizer: {learning-rate: 0.5}}"
    let recipe = try shortRecipe(["training.steps": "4"], objective: "{kind: dmd2, gan: \(gan)}")
    let trainer = try Trainer(recipe)
    let names = { (optimizer: ScheduledOptimizer) in Set(optimizer.optimizer.parameters.map(\.name)) }
    let own = try names(#require(trainer.objectiveOptimizer))
    #expect(try own == Set(#require(trainer.components.objective.parameters).trainable.map(\.name)))
    #expect(
      trainer.fakeTeacherOptimizer.optimizer.parameters.count
        == trainer.components.fakeTeacher.parameters.trainable.count)
    let report = try trainer.train(2)
    #expect(report[1].objectiveNorm.map { $0 > 0 } == true)
    try Checkpoint.save(trainer, to: scratch.path("a.h5"))
    let resumed = try Trainer(recipe)
    try Checkpoint.load(scratch.path("a.h5"), into: resumed)
    _ = try (trainer.train(2), resumed.train(2))
    #expect(try differences(trainer, resumed).isEmpty)
    #expect(resumed.objectiveOptimizer?.optimizer.stepCount == 8)
  }

  @Test func `A run whose plugin fails keeps the checkpoints it has`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(["output.checkpoint-every": "2"], objective: "dmd")
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe).with(FaultyObjective("throws late")))
    let run = try TrainingRun(trainer, folder: RunFolder(scratch.path("run")), resume: false)
    let error = #expect(throws: Failure.self) { _ = try run.run() }
    #expect(error?.description.contains("objective (FaultyObjective), student's loss at step 3") == true)
    #expect(run.folder.checkpointSteps == [2])
    let resumed = try Trainer(recipe)
    try Checkpoint.load(run.folder.checkpoint(2), into: resumed)
    #expect(resumed.stepCount == 2)
  }

  @Test func `A checkpointed network that is run again by the student's backward keeps no gradient of it`() throws {
    let architecture = Architecture(
      image: [1, 8, 8], classes: 3, patch: 1, channels: 8, multipliers: [1, 2], heads: 2, groups: 4)
    let backbone = PixelUNet(architecture, weights: .random(seed: 4), on: .cpu, gradientCheckpointing: true)
    let objective = WatchfulObjective()
    let components = TrainingComponents(
      backbone: backbone, teacher: try backbone.teacher(),
      student: try backbone.trainable(.student, adapters: false, seed: 1),
      fakeTeacher: try backbone.trainable(.fakeTeacher, adapters: false, seed: 2), objective: objective)
    _ = try Trainer(shortRecipe(["training.batch": "8", "fake-teacher.updates": "1"]), components: components).step()
    #expect(objective.sawNoGradient == true)
    #expect(components.fakeTeacher.parameters.trainable.count == components.fakeTeacher.parameters.all.count)
  }

  @Test func `Between evaluations of the reward AMD is plain DMD`() throws {
    let trainer = try Trainer(shortRecipe(objective: "{kind: amd, group-size: 8, interval: 3}"))
    for (step, report) in try trainer.train(6).enumerated() {
      let isEvaluated = step % 3 == 0
      #expect((report.reward != nil) == isEvaluated)
      let columns = Dictionary(uniqueKeysWithValues: report.columns.map { ($0.name, $0.values) })
      for name in ["alpha", "beta", "weight"] {
        let all = try #require(columns[name])
        #expect(all.allSatisfy { $0 == 1 } == !isEvaluated, "step \(step), \(name)")
      }
      #expect(try #require(columns["advantage"]).allSatisfy(\.isNaN) == !isEvaluated)
      // One prompt for each group of 8 if rewards are compared; one for each sample on the other steps.
      let prompts = try #require(columns["prompt"])
      let groups = stride(from: 0, to: 64, by: 8).map { Set(prompts[$0..<$0 + 8]).count }
      #expect(isEvaluated ? groups.allSatisfy { $0 == 1 } : groups.contains { $0 > 1 }, "step \(step)")
      // Diagnosed steps compute these in any case.
      #expect(try #require(columns["reward"]).allSatisfy(\.isFinite))
    }
  }

  @Test func `Samples of a group have one prompt and follow each other`() throws {
    let report = try Trainer(shortRecipe()).step()
    let prompts = try #require(report.columns.first { $0.name == "prompt" }).values
    for group in stride(from: 0, to: 64, by: 8) { #expect(Set(prompts[group..<group + 8]).count == 1) }
    #expect(Set(prompts).count > 1)
    let advantages = try #require(report.columns.first { $0.name == "advantage" }).values
    let rewards = try #require(report.columns.first { $0.name == "reward" }).values
    let expected = try GroupAdvantage(groupSize: 8).advantages(Tensor(rewards.map(Float.init))).doubles()
    #expect(advantages == expected)
    let times = try #require(report.columns.first { $0.name == "t" }).values
    #expect(times.allSatisfy { 0.02 <= $0 && $0 < 0.98 } && Set(times).count == 64)
  }

  @Test func `A cast that cannot play is refused before training, with the key`() throws {
    func error(_ changes: [String: String]) throws -> String {
      "\(try #require(#expect(throws: (any Error).self) { _ = try Trainer(shortRecipe(changes)).step() }))"
    }
    #expect(try error(["reward": "null"]).contains("reward"))
    #expect(try error(["objective.group-size": "7"]).contains("training.batch"))
    #expect(try error(["objective.gan": "{features: teacher}"]).contains("features"))
    #expect(try error(["data": "null"]).contains("`data` section"))
    if Device.cudaCount == 0 { #expect(try error(["device": "cuda"]).contains("cuda:0")) }
  }

  @Test func `A short run brings a mixture's student nearer to its class's modes`() throws {
    let recipe = try shortRecipe(
      [
        "student.learning-rate": "0.005", "fake-teacher.learning-rate": "0.01", "training.steps": "200",
        "matching.guidance": "1",
      ], objective: "dmd")
    let trainer = try Trainer(recipe)
    let sampling = SampleGenerator(trainer.components.backbone, seed: 5)
    let reward = try DensityRewards.of(trainer.components.backbone)
    func score() throws -> Double {
      let prompts = sampling.promptIDs(300)
      let made = try sampling.fewStep(trainer.components.student, steps: recipe.steps, promptIDs: prompts)
      return try mean(
        reward.score(made, pixels: nil, given: trainer.components.backbone.condition(prompts)).clamped(-50, nil)
      ).item()
    }
    let before = try score()
    _ = try trainer.train(150)
    let after = try score()
    #expect(after > before + 5, "\(before) \(after)")
  }
}

/// An objective with one fault.
final class FaultyObjective: MatchingObjective {
  private let fault: String
  private var calls = 0
  let groupAdvantage: GroupAdvantage?

  init(_ fault: String) {
    self.fault = fault
    groupAdvantage = fault.hasPrefix("reward") ? GroupAdvantage(groupSize: 8) : nil
  }

  func studentLoss(_ scene: Scene) throws -> Loss {
    calls += 1
    if fault == "throws" || fault == "throws late" && calls > 3 { _ = try matmul(scene.samples, scene.samples) }
    if fault == "vector" { return Loss(try scene.samples.sum([1])) }
    if fault == "constant" { return Loss(try mean(scene.samples.detached())) }
    if fault == "note" { scene.note("odd", try .zeros([3])) }
    return try scene.match(along: scene.distributionMatching)
  }

  func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

/// SiD that checks for gradients which the student's update has left in the fake teacher.
private final class WatchfulObjective: MatchingObjective {
  private let sid: SiD
  private(set) var sawNoGradient: Bool?

  init() { sid = SiD(.init(.describing())) }
  func studentLoss(_ scene: Scene) throws -> Loss { try sid.studentLoss(scene) }
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    sawNoGradient = scene.fakeTeacher.parameters.all.allSatisfy { $0.value.gradient == nil }
    return try sid.fakeTeacherLoss(scene)
  }
}
