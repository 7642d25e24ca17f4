import Files
import Foundation
import Tensors
import Testing

@testable import Fewstep

/// Its loss is not a number when it is asked the n-th time, and only then.
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
  /// 20 steps with a probe every 4.
  private func recipe(_ changes: [String: String] = [:], watch: String = "", objective: String = "dmd") throws -> Recipe
  {
    let settings = [
      "training.steps": "20", "output.checkpoint-every": "5", "output.keep": "9",
      "watch": "{every: 4, samples: 24, teacher-steps: 5, grace: 4\(watch.isEmpty ? "" : ", ")\(watch)}",
    ]
    return try shortRecipe(settings.merging(changes) { $1 }, objective: objective)
  }

  private func run(_ recipe: Recipe, _ folder: String, resume: Bool = false, components: TrainingComponents? = nil) throws -> TrainingRun {
    try TrainingRun(Trainer(recipe, components: components ?? TrainingComponents(recipe)), folder: RunFolder(folder), resume: resume)
  }

  private func rows(_ path: String) throws -> [String: [Double]] {
    let file = try HDF5File.open(path)
    return try Dictionary(uniqueKeysWithValues: file.names().map { ($0, try file.read($0).doubles()) })
  }

  /// A run whose student makes one and the same sample, far away, after a few steps.
  private let absurd = ["student.learning-rate": "0.3", "student.gradient-limit": "null"]

  @Test("A probe of a student that has not moved says the same again")
  func same() throws {
    let scratch = try Scratch()
    let training = try run(recipe(watch: "panel: {posterior: {kind: class-posterior}}"), scratch.path("r"))
    var reports = [MonitorReport]()
    let watch = try #require(training.watch)
    for _ in 0..<2 { reports.append(try watch.look(step: 4, trainingError: nil).report) }
    #expect("\(reports[0])" == "\(reports[1])")
    #expect(reports[0].goodhartGap == 0)
    #expect(reports[0].rewards.map(\.name) == ["reward", "panel-posterior"])
    #expect(Set(watch.probe.prompts).count == 3 && watch.probe.prompts.count == 24)
  }

  @Test("A run that collapses is warned of, once a kind, in words and in a file")
  func collapse() throws {
    let scratch = try Scratch()
    let training = try run(recipe(absurd), scratch.path("r"))
    var seen = [Warning]()
    let ending = try training.run(.init(warning: { seen.append($0) }))
    guard case .finished = ending else { Issue.record("\(ending)"); return }
    #expect(seen.contains { $0.kind == .spread || $0.kind == .diversity }, "\(seen)")
    #expect(Set(seen.map(\.kind)).count == seen.count)
    if let spread = seen.first(where: { $0.kind == .spread }) { #expect(spread.detail.hasPrefix("times ")) }
    let words = try #require(seen.first).description
    #expect(words.contains("at step 8: ") && words.contains("threshold") && words.contains("Try: "), "\(words)")
    #expect(try WarningFile.read(RunFolder(scratch.path("r")).warnings) == seen)
  }

  @Test("A warning may keep a checkpoint, or stop the run, which a resume goes on with")
  func policies() throws {
    let scratch = try Scratch()
    let saving = try run(
      recipe(absurd.merging(["output.keep": "1"]) { $1 }, watch: "policy: save"), scratch.path("save"))
    _ = try saving.run()
    #expect(saving.folder.checkpointSteps.contains(8) && saving.folder.checkpointSteps.last == 20)

    let stopping = try recipe(absurd, watch: "policy: stop")
    let first = try run(stopping, scratch.path("stop"))
    guard case .stopped(let warning) = try first.run() else { Issue.record("it goes on"); return }
    #expect(warning.step == 8 && first.folder.checkpointSteps == [5, 8])
    withExtendedLifetime(first) {}
  }

  @Test("A run that diverges goes back to its last good checkpoint, with half the learning rates")
  func rollBack() throws {
    let scratch = try Scratch()
    let recipe = try recipe(watch: "policy: roll-back, drift: 1e9, spread: 1e9, diversity: 0, lag: 1e9")
    let training = try run(recipe, scratch.path("r"), components: TrainingComponents(recipe).playing(FlakyObjective(call: 15)))
    var seen = [Warning]()
    guard case .finished = try training.run(.init(warning: { seen.append($0) })) else {
      Issue.record("not finished"); return
    }
    #expect(seen.map(\.kind) == [.notFinite] && seen.first?.action == .rolledBack)
    #expect(seen.first?.step == 14 && seen.first?.from == 10)
    #expect(training.trainer.learningRateFactor == 0.5)
    #expect(try rows(training.folder.probe)["step"] == [0, 4, 8, 12, 16, 20])
    let steps = try #require(rows(training.folder.diagnostics)["step"])
    #expect(steps == (0..<20).flatMap { step in Array(repeating: Double(step), count: 64) })
    let kept = try Trainer(recipe)
    try Checkpoint.load(training.folder.checkpoint(20), into: kept)
    #expect(kept.learningRateFactor == 0.5)
  }

  @Test("A run that diverges again and again ends with the error, and says so in its file")
  func hopeless() throws {
    let scratch = try Scratch()
    let recipe = try recipe(watch: "policy: roll-back, roll-backs: 2")
    let training = try run(recipe, scratch.path("r"), components: TrainingComponents(recipe).playing(PoisonousObjective()))
    #expect(throws: TrainingError.self) { _ = try training.run() }
    let written = try WarningFile.read(training.folder.warnings)
    #expect(written.map(\.action) == [.rolledBack, .rolledBack, .warned])
    #expect(training.trainer.learningRateFactor == 0.25)
  }

  @Test("What the watch knows survives a stop and a resume, to the bit", arguments: [7, 8, 12])
  func resume(_ cut: Int) throws {
    let scratch = try Scratch()
    let recipe = try recipe(
      absurd, watch: "panel: {posterior: {kind: class-posterior}}", objective: "{kind: amd, group-size: 8}")
    let whole = try run(recipe, scratch.path("whole"))
    _ = try whole.run()
    do { _ = try run(recipe, scratch.path("cut")).run(until: cut) }
    let second = try run(recipe, scratch.path("cut"), resume: true)
    _ = try second.run()
    #expect(second.watch?.state == whole.watch?.state)
    #expect(
      try "\(rows(whole.folder.probe).sorted { $0.key < $1.key })"
        == "\(rows(second.folder.probe).sorted { $0.key < $1.key })")
    #expect(try WarningFile.read(second.folder.warnings) == WarningFile.read(whole.folder.warnings))
    #expect(try !WarningFile.read(whole.folder.warnings).isEmpty)
  }

  @Test("A gradient far above the median of those before it is warned of")
  func gradients() throws {
    let recipe = try recipe()
    let watch = try #require(try Monitor(recipe, components: TrainingComponents(recipe)))
    for step in 0..<80 {
      var report = StepReport(step: step)
      report.studentNorm = 1 + 0.01 * Double(step % 7)
      report.fakeTeacherNorm = step == 20 || step == 70 ? 500 : 2
      let kinds = watch.warnings(of: report)
      #expect(kinds.map(\.kind) == (step == 70 ? [.gradientNorm] : []), "step \(step)")
      if step == 70 { #expect(kinds[0].value == 250 && kinds[0].detail.contains("fake teacher")) }
    }
  }

  @Test("Nothing of it is done where the recipe wants no watch")
  func off() throws {
    let scratch = try Scratch()
    let training = try run(recipe(absurd.merging(["watch": "{every: 0}"]) { $1 }), scratch.path("r"))
    _ = try training.run()
    #expect(training.watch == nil)
    #expect(try scratch.files == ["r"])
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path("r"))
    #expect(!files.contains("probe.h5") && !files.contains("warnings.json"))
  }

  @Test("A held-out reward that is the training reward is refused at its place")
  func panel() throws {
    let error = #expect(throws: RecipeError.self) { try recipe(watch: "panel: {same: {kind: density}}") }
    #expect(error?.description.contains("watch.panel.same: this is the reward that is learnt from") == true)
    let unknown = #expect(throws: RecipeError.self) { try recipe(watch: "panel: {same: {kind: densty}}") }
    #expect(unknown?.description.contains("Did you mean 'density'?") == true)
    #expect(try recipe(watch: "panel: {other: {kind: class-posterior}}").watch.panel.map(\.name) == ["other"])
  }
}
