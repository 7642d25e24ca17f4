import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

/// An objective whose loss is NaN in the n-th call only.
final class FlakyObjective: MatchingObjective {
  private let call: Int
  private var calls = 0

  init(call: Int) { self.call = call }

  func studentLoss(_ scene: Scene) throws -> Loss {
    calls += 1
    let loss = try scene.match(along: scene.distributionMatching)
    return calls == call ? Loss(try loss.total * .nan) : loss
  }

  func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

@Suite struct MonitorTests {
  /// A recipe of 20 steps with the fixed batch every 4.
  private func recipe(_ changes: [String: String] = [:], monitor: String = "", objective: String = "dmd") throws
    -> Recipe
  {
    let settings = [
      "training.steps": "20", "output.checkpoint-every": "5", "output.keep": "9",
      "monitor":
        "{every: 4, samples: 24, teacher-steps: 5, ignore-first-steps: 4\(monitor.isEmpty ? "" : ", ")\(monitor)}",
    ]
    return try shortRecipe(settings.merging(changes) { $1 }, objective: objective)
  }

  private func run(_ recipe: Recipe, _ folder: String, resume: Bool = false, components: TrainingComponents? = nil)
    throws -> TrainingRun
  {
    try TrainingRun(
      Trainer(recipe, components: components ?? TrainingComponents(recipe)), folder: RunFolder(folder), resume: resume)
  }

  private func rows(_ path: String) throws -> [String: [Double]] {
    let file = try HDF5File.open(path)
    return try Dictionary(uniqueKeysWithValues: file.names().map { ($0, try file.read($0).doubles()) })
  }

  /// Changes after which the student makes a single, distant sample after a few steps.
  private let absurd = ["student.learning-rate": "0.3", "student.gradient-limit": "null"]

  @Test func `The fixed batch of a student that has not moved says the same again`() throws {
    let scratch = try Scratch()
    let training = try run(recipe(monitor: "held-out-rewards: {posterior: {kind: class-posterior}}"), scratch.path("r"))
    var reports = [MonitorReport]()
    let monitor = try #require(training.journal?.monitor)
    for _ in 0..<2 { reports.append(try monitor.evaluate(step: 4, progress: { _, _ in }).report) }
    #expect("\(reports[0])" == "\(reports[1])")
    #expect(reports[0].goodhartGap == 0)
    #expect(reports[0].rewards.map(\.name) == ["reward", "held-out-posterior"])
    #expect(Set(monitor.fixedBatch.prompts).count == 3 && monitor.fixedBatch.prompts.count == 24)
  }

  @Test func `The energy distance of equal samples is 0, and that of two shifted sets is known`() throws {
    let x = try normal("energy", [40, 3])
    #expect(try Swift.abs(FixedBatch.energyDistance(x, x)) < 1e-6)
    // On a line, with y = 0 and 2 and x = y + 1: mean distances without the pairs of one row are 2, 2 and 2.
    let y = try Tensor([0, 2].map(Float.init), shape: [2, 1])
    #expect(try Swift.abs(FixedBatch.energyDistance(y + 1, y) - 0) < 1e-6)
    // A far shift d gives 2 d - 2 - 2, divided by 2.
    #expect(try Swift.abs(FixedBatch.energyDistance(y + 100, y) - 98) < 1e-4)
  }

  @Test func `A run that collapses is warned of, once a kind, in words and in a file`() throws {
    let scratch = try Scratch()
    let training = try run(recipe(absurd), scratch.path("r"))
    var seen = [Warning]()
    let ending = try training.run(.init(warning: { seen.append($0) }))
    guard case .finished = ending else { Issue.record("\(ending)"); return }
    #expect(seen.contains { $0.kind == .std || $0.kind == .diversity }, "\(seen)")
    #expect(Set(seen.map(\.kind)).count == seen.count)
    if let std = seen.first(where: { $0.kind == .std }) { #expect(std.detail.hasPrefix("times ")) }
    let words = try #require(seen.first).description
    #expect(words.contains("at step 8: ") && words.contains("threshold") && words.contains("Try: "), "\(words)")
    #expect(try WarningFile.read(RunFolder(scratch.path("r")).warnings) == seen)
  }

  @Test func `A warning may keep a checkpoint, or stop the run, which a resume goes on with`() throws {
    let scratch = try Scratch()
    let saving = try run(
      recipe(absurd.merging(["output.keep": "1"]) { $1 }, monitor: "policy: save"), scratch.path("save"))
    _ = try saving.run()
    #expect(saving.folder.checkpointSteps.contains(8) && saving.folder.checkpointSteps.last == 20)

    let stopping = try recipe(absurd, monitor: "policy: stop")
    let first = try run(stopping, scratch.path("stop"))
    guard case .stopped(let warning) = try first.run() else { Issue.record("it goes on"); return }
    #expect(warning.step == 8 && first.folder.checkpointSteps == [5, 8])
    withExtendedLifetime(first) {}
  }

  @Test func `A run that diverges goes back to its last good checkpoint, with half the learning rates`() throws {
    let scratch = try Scratch()
    let recipe = try recipe(
      monitor: "policy: roll-back, mean-shift: 1e9, std: 1e9, diversity: 0, fake-teacher-gap: 1e9")
    let training = try run(
      recipe, scratch.path("r"), components: TrainingComponents(recipe).with(FlakyObjective(call: 15)))
    var seen = [Warning]()
    guard case .finished = try training.run(.init(warning: { seen.append($0) })) else {
      Issue.record("not finished"); return
    }
    #expect(seen.map(\.kind) == [.notFinite] && seen.first?.action == .rolledBack)
    #expect(seen.first?.step == 14 && seen.first?.from == 10)
    #expect(training.trainer.learningRateFactor == 0.5)
    #expect(try rows(training.folder.monitor)["step"] == [0, 4, 8, 12, 16, 20])
    let steps = try #require(rows(training.folder.diagnostics)["step"])
    #expect(steps == (0..<20).flatMap { step in Array(repeating: Double(step), count: 64) })
    let kept = try Trainer(recipe)
    try Checkpoint.load(training.folder.checkpoint(20), into: kept)
    #expect(kept.learningRateFactor == 0.5)
  }

  @Test func `A run that diverges again and again ends with the error, and says so in its file`() throws {
    let scratch = try Scratch()
    let recipe = try recipe(monitor: "policy: roll-back, roll-backs: 2")
    let training = try run(
      recipe, scratch.path("r"), components: TrainingComponents(recipe).with(PoisonousObjective()))
    #expect(throws: TrainingError.self) { _ = try training.run() }
    let written = try WarningFile.read(training.folder.warnings)
    #expect(written.map(\.action) == [.rolledBack, .rolledBack, .warned])
    #expect(training.trainer.learningRateFactor == 0.25)
  }

  @Test(arguments: [7, 8, 12])
  func `What the monitor knows survives a stop and a resume, to the bit`(_ cut: Int) throws {
    let scratch = try Scratch()
    let recipe = try recipe(
      absurd, monitor: "held-out-rewards: {posterior: {kind: class-posterior}}", objective: "{kind: amd, group-size: 8}"
    )
    let whole = try run(recipe, scratch.path("whole"))
    _ = try whole.run()
    do { _ = try run(recipe, scratch.path("cut")).run(until: cut) }
    let second = try run(recipe, scratch.path("cut"), resume: true)
    _ = try second.run()
    #expect(second.journal?.monitor?.state == whole.journal?.monitor?.state)
    #expect(
      try "\(rows(whole.folder.monitor).sorted { $0.key < $1.key })"
        == "\(rows(second.folder.monitor).sorted { $0.key < $1.key })")
    #expect(try WarningFile.read(second.folder.warnings) == WarningFile.read(whole.folder.warnings))
    #expect(try !WarningFile.read(whole.folder.warnings).isEmpty)
  }

  @Test func `A gradient far above the median of those before it is warned of`() throws {
    let recipe = try recipe()
    let monitor = try #require(try Monitor(recipe, components: TrainingComponents(recipe)))
    for step in 0..<80 {
      var report = StepReport(step: step)
      report.studentNorm = 1 + 0.01 * Double(step % 7)
      report.fakeTeacherNorm = step == 20 || step == 70 ? 500 : 2
      let kinds = monitor.warnings(of: report)
      #expect(kinds.map(\.kind) == (step == 70 ? [.gradientNorm] : []), "step \(step)")
      if step == 70 { #expect(kinds[0].value == 250 && kinds[0].detail.contains("fake teacher")) }
    }
  }

  @Test func `Nothing of it is done where the recipe wants no monitor`() throws {
    let scratch = try Scratch()
    let training = try run(recipe(absurd.merging(["monitor": "{every: 0}"]) { $1 }), scratch.path("r"))
    _ = try training.run()
    #expect(training.journal?.monitor == nil)
    #expect(try scratch.files() == ["r"])
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path("r"))
    #expect(!files.contains("monitor.h5") && !files.contains("warnings.json"))
  }

  @Test func `A held-out reward that is the training reward is refused at its place`() throws {
    let error = #expect(throws: RecipeError.self) { try recipe(monitor: "held-out-rewards: {same: {kind: density}}") }
    #expect(
      error?.description.contains("monitor.held-out-rewards.same: this is the reward that is learnt from") == true)
    let unknown = #expect(throws: RecipeError.self) { try recipe(monitor: "held-out-rewards: {same: {kind: densty}}") }
    #expect(unknown?.description.contains("Did you mean 'density'?") == true)
    #expect(
      try recipe(monitor: "held-out-rewards: {other: {kind: class-posterior}}").monitor.heldOutRewards.map(\.name) == [
        "other"
      ])
  }
}
