import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ValidationTests {
  private struct Killed: Error {}

  private func recipe(_ changes: [String: String] = [:]) throws -> Recipe {
    try shortRecipe(
      [
        "training.steps": "12", "output.checkpoint-every": "4", "output.sample-every": "4", "output.keep": "9",
        "output.keep-best": "energy-distance",
        "evaluation":
          "{every: 4, samples: 40, features: {kind: mixture}, reference: {kind: mixture, count: 40}, teacher-steps: []}",
        "monitor": "{every: 4, samples: 24, teacher-steps: 5, ignore-first-steps: 0, mean-shift: 1e-6}",
      ].merging(changes) { $1 }, objective: "dmd")
  }

  private func train(_ recipe: Recipe, _ folder: String, resume: Bool = false, _ observer: TrainingRun.Observer) throws
    -> TrainingRun.Ending
  {
    try TrainingRun(Trainer(recipe), folder: RunFolder(folder), resume: resume).run(observer)
  }

  @Test func `A step is saved before its validation`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    var saved = [[Int]]()
    _ = try train(
      recipe(["output.sample-every": "1"]), folder.path,
      .init(image: { _ in
        saved.append(folder.checkpointSteps)
        return nil
      }))
    #expect(saved.count == 12)
    #expect(saved[3] == [4] && saved[10] == [4, 8] && saved[11] == [4, 8, 12])
  }

  @Test(arguments: [4, 8, 12])
  func `A run that is killed in its validation resumes as if nothing had happened`(_ step: Int) throws {
    let scratch = try Scratch()
    let (whole, cut) = (scratch.path("whole"), scratch.path("cut"))
    let scores = TrainingRun.Observer(evaluate: { _ in [("recall", 0.5)] })
    _ = try train(recipe(), whole, scores)
    // The grid is the last: the fixed batch and the evaluation of the step are recorded by then.
    var killing = scores
    killing.image = { _ in
      if RunFolder(cut).checkpointSteps.last == step { throw Killed() }
      return nil
    }
    #expect(throws: Killed.self) { try train(recipe(), cut, killing) }
    guard case .finished = try train(recipe(), cut, resume: true, scores) else {
      Issue.record("the run did not finish")
      return
    }
    let (first, second) = (try HDF5File.open("\(whole)/monitor.h5"), try HDF5File.open("\(cut)/monitor.h5"))
    #expect(try first.names(in: "/") == second.names(in: "/"))
    for name in try first.names(in: "/") { #expect(try bytes(first.read(name)) == bytes(second.read(name)), "\(name)") }
    #expect(try EventFile.scalars(in: whole) == EventFile.scalars(in: cut))
    #expect(try WarningFile.read("\(whole)/warnings.json") == WarningFile.read("\(cut)/warnings.json"))
    #expect(try !WarningFile.read("\(whole)/warnings.json").isEmpty)
    #expect(try bytes(ofFile: "\(whole)/best.json") == bytes(ofFile: "\(cut)/best.json"))
    let (last, other) = (try Trainer(recipe()), try Trainer(recipe()))
    try Checkpoint.load(RunFolder(whole).checkpoint(12), into: last)
    try Checkpoint.load(RunFolder(cut).checkpoint(12), into: other)
    #expect(try differences(last, other).isEmpty)
  }

  @Test func `Too little memory for validation is a warning with advice, and training goes on`() throws {
    let scratch = try Scratch()
    var notes = [String]()
    let ending = try train(
      recipe(), scratch.path("r"),
      .init(
        note: { notes.append($0) },
        image: { _ in throw TensorError("aten::conv2d", "CUDA out of memory. Tried to allocate 20.00 GiB") }))
    guard case .finished = ending else { Issue.record("\(ending)"); return }
    #expect(notes.count == 3)
    #expect(notes.allSatisfy { $0.contains("too little memory for the sample grid") && $0.contains("output.samples") })
    // Any other error ends the run.
    #expect(throws: TensorError.self) {
      try train(recipe(), scratch.path("q"), .init(image: { _ in throw TensorError("aten::conv2d", "a bug") }))
    }
  }

  @Test func `Without sample-every there are no grids`() throws {
    let scratch = try Scratch()
    var grids = 0
    let observer = TrainingRun.Observer(image: { _ in
      grids += 1
      return nil
    })
    _ = try train(recipe(["output.sample-every": "0"]), scratch.path("r"), observer)
    #expect(grids == 0)
  }
}

private func bytes(ofFile path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
