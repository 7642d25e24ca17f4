import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct BestTests {
  private func recipe(_ changes: [String: String] = [:]) throws -> Recipe {
    let settings = [
      "training.steps": "20", "output.checkpoint-every": "5", "output.keep": "1",
      "output.keep-best": "frechet-distance",
      "evaluation":
        "{every: 2, samples: 20, features: {kind: mixture}, reference: {kind: mixture, count: 20}, teacher-steps: []}",
      "monitor": "{every: 4, samples: 24, teacher-steps: 5}",
    ]
    return try shortRecipe(settings.merging(changes) { $1 }, objective: "dmd")
  }

  /// A run whose small evaluations say what `values` says of each step.
  private func train(
    _ recipe: Recipe, _ folder: String, resume: Bool = false, until limit: Int? = nil, _ values: [Int: Double]
  ) throws -> (run: TrainingRun, ending: TrainingRun.Ending) {
    let run = try TrainingRun(Trainer(recipe), folder: RunFolder(folder), resume: resume)
    let ending = try run.run(
      until: limit,
      .init(evaluate: { [trainer = run.trainer] _ in [("frechet-distance", values[trainer.stepCount] ?? 9)] }))
    return (run, ending)
  }

  @Test func `The best checkpoint is kept, exported and opened, whatever comes after it`() throws {
    let scratch = try Scratch()
    let values = [2: 5.0, 4: 3.0, 6: 4.0, 8: 1.0, 10: 2.0, 12: .nan]
    let (run, ending) = try train(recipe(), scratch.path("r"), values)
    guard case .finished = ending else { Issue.record("\(ending)"); return }
    #expect(run.folder.checkpointSteps == [8, 20])
    #expect(try run.folder.bestStep == 8)
    #expect(try FinishedRun(run.folder.path, catalog: smallCatalog()).step == 8)
    #expect(try FinishedRun(run.folder.path, step: 20, catalog: smallCatalog()).step == 20)
    // student.safetensors is the best one's average.
    let written = try SafetensorsFile(run.folder.student)
    let student = try recipe().newStudent(run.trainer.components.backbone)
    _ = try Checkpoint.loadStudent(run.folder.checkpoint(8), into: student)
    for (name, tensor) in student.parameters.state { #expect(try bytes(written.tensor(name)) == bytes(tensor)) }
    // The last checkpoint is the last step's all the same.
    let whole = try Trainer(recipe())
    _ = try whole.train(20)
    let last = try Trainer(recipe())
    try Checkpoint.load(run.folder.checkpoint(20), into: last)
    #expect(try differences(whole, last).isEmpty)
  }

  @Test(arguments: [7, 8, 9])
  func `A stop and a resume choose the checkpoint that a whole run does`(_ cut: Int) throws {
    let scratch = try Scratch()
    let values = [4: 3.0, 8: 1.0, 12: 0.5, 14: 2.0]
    do { _ = try train(recipe(), scratch.path("r"), until: cut, values) }
    let (run, _) = try train(recipe(), scratch.path("r"), resume: true, values)
    #expect(try run.folder.bestStep == 12 && run.folder.checkpointSteps == [12, 20])
  }

  @Test func `A resume that keeps no best forgets it, and commands open the last checkpoint again`() throws {
    let scratch = try Scratch()
    do { _ = try train(recipe(), scratch.path("r"), until: 7, [4: 3]) }
    let plain = try recipe(["output.keep-best": "null"])
    let (run, _) = try train(plain, scratch.path("r"), resume: true, [:])
    #expect(run.folder.checkpointSteps == [20] && !scratch.has("r/best.json"))
    #expect(try run.folder.bestStep == nil && run.folder.defaultStep == 20)
  }

  @Test func `A run ends early when its number has not become better for long enough`() throws {
    let scratch = try Scratch()
    let (run, ending) = try train(recipe(["output.keep-best-patience": "6"]), scratch.path("r"), [4: 3, 6: 2])
    guard case .finished = ending else { Issue.record("\(ending)"); return }
    #expect(run.folder.checkpointSteps == [6, 12] && scratch.has("r/student.safetensors"))
  }

  @Test func `The fixed batch's numbers serve as well, the reward's the other way round`() throws {
    let scratch = try Scratch()
    for metric in ["energy-distance", "reward"] {
      let run = try TrainingRun(
        Trainer(recipe(["output.keep-best": metric])), folder: RunFolder(scratch.path(metric)), resume: false)
      _ = try run.run()
      let file = try HDF5File.open(run.folder.monitor)
      let steps = try file.read("step").integers()
      let values = try file.read(metric == "reward" ? "reward-mean" : metric).doubles()
      let judged = zip(steps, values).filter { $0.0 > 0 }
      let best = metric == "reward" ? judged.max { $0.1 < $1.1 } : judged.min { $0.1 < $1.1 }
      #expect(try run.folder.bestStep == best?.0, "\(metric) \(judged.map { $0 })")
    }
  }

  @Test(arguments: [
    (["output.keep-best": "recall", "evaluation": "null"], "evaluation.every"),
    (["output.keep-best": "energy-distance", "monitor": "{every: 0}"], "monitor.every"),
    (["output.keep-best": "held-out-rewards"], "held-out"),
    (["output.keep-best": "reward", "reward": "null"], "no reward"),
    (["output.keep-best": "frechet"], "frechet-distance"),
    (["output.keep-best": "null", "output.keep-best-patience": "4"], "needs keep-best"),
  ])
  func `A number that a recipe does not measure is refused`(_ changes: [String: String], _ expected: String) {
    let error = #expect(throws: RecipeError.self) { _ = try recipe(changes) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }
}
