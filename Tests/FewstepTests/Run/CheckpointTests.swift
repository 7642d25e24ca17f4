import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct CheckpointTests {
  private func saved(_ scratch: Scratch, _ recipe: Recipe) throws -> String {
    let trainer = try Trainer(recipe)
    _ = try trainer.train(1)
    try Checkpoint.save(trainer, to: scratch.path("step-1.h5"))
    return scratch.path("step-1.h5")
  }

  @Test func `A checkpoint of another recipe is refused, with each key that differs`() throws {
    let scratch = try Scratch()
    let path = try saved(scratch, shortRecipe())
    let changes = [
      "seed": "4", "objective.sensitivity": "0.2", "student.learning-rate": "0.001", "matching.guidance": "3",
      "training.batch": "32", "student.steps": "[1, 0.4]",
    ]
    let error = #expect(throws: Failure.self) { try Checkpoint.load(path, into: Trainer(shortRecipe(changes))) }
    let words = try #require(error).description
    for key in changes.keys { #expect(words.contains("\(key): "), "\(key) in \(words)") }
    #expect(words.contains("matching.guidance: 2 instead of 3"))
    #expect(words.split(separator: "\n").count == changes.count + 2)
    // Another objective has entirely different keys.
    let other = #expect(throws: Failure.self) {
      try Checkpoint.load(path, into: Trainer(shortRecipe(objective: "dmd")))
    }
    #expect(other?.description.contains("objective.kind: amd instead of dmd") == true)
    #expect(other?.description.contains("objective.gan.features: fake-teacher instead of none") == true)
  }

  @Test func `Keys that change nothing that was computed may differ, such as what is logged and evaluated`() throws {
    let scratch = try Scratch()
    let path = try saved(scratch, shortRecipe())
    let changes = ["name": "other", "output.keep": "5", "training.steps": "60"]
    let trainer = try Trainer(shortRecipe(changes))
    try Checkpoint.load(path, into: trainer)
    #expect(trainer.stepCount == 1)
  }

  @Test(arguments: ["student", "fake-teacher"])
  func `The number of steps may change where learning rates are constant, and nowhere else`(_ role: String) throws {
    let scratch = try Scratch()
    let cosine = ["\(role).learning-rate-schedule": "cosine"]
    let path = try saved(scratch, shortRecipe(cosine))
    try Checkpoint.load(path, into: Trainer(shortRecipe(cosine)))
    let error = #expect(throws: Failure.self) {
      try Checkpoint.load(path, into: Trainer(shortRecipe(cosine.merging(["training.steps": "60"]) { $1 })))
    }
    #expect(error?.description.contains("training.steps: 6 instead of 60") == true)
  }

  @Test func `A checkpoint that was cut off, is empty or is another file is an error that names it`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe()
    let path = try saved(scratch, recipe)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for size in [0, 100, whole.count / 2, whole.count - 100] {
      try whole.prefix(size).write(to: URL(fileURLWithPath: scratch.path("cut.h5")))
      let error = #expect(throws: Failure.self) {
        try Checkpoint.load(scratch.path("cut.h5"), into: Trainer(recipe))
      }
      #expect(error?.description.contains("cut.h5") == true, "\(size)")
      #expect(error?.kind == .malformed)
    }
    try HDF5File.write(to: scratch.path("other.h5")) { try $0.write(Tensor([1.0]), to: "x") }
    let other = #expect(throws: Failure.self) {
      try Checkpoint.load(scratch.path("other.h5"), into: Trainer(recipe))
    }
    #expect(other?.description.contains("expected a checkpoint") == true)
    let missing = #expect(throws: Failure.self) {
      try Checkpoint.load(scratch.path("none.h5"), into: Trainer(recipe))
    }
    #expect(missing?.kind == .missing)
  }

  @Test func `A tensor that a checkpoint lacks is named`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe()
    let path = try saved(scratch, recipe)
    for lost in ["student/output.weight", "ema/output.bias", "optimizers/fake-teacher/second/first.weight"] {
      let old = try HDF5File.open(path)
      try HDF5File.write(to: scratch.path("lost.h5")) { file in
        for name in try old.attributeNames() {
          let value = try old.attribute(name)
          try file.setAttribute(name, #require(value))
        }
        try file.write(old.strings("recipe"), to: "recipe")
        for item in try old.items() {
          if case .dataset(_, let dtype) = item.kind, dtype != nil, !item.path.hasSuffix(lost) {
            try file.write(old.read(item.path), to: item.path)
          }
        }
      }
      let trainer = try Trainer(recipe)
      let error = #expect(throws: Failure.self) { try Checkpoint.load(scratch.path("lost.h5"), into: trainer) }
      let name = lost.split(separator: "/").last.map(String.init) ?? ""
      #expect(
        error?.description.contains(name) == true && error?.description.contains("lost.h5") == true,
        "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func `A student is loaded with its own step list, and with its average where there is one`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(["student.steps": "[1, 0.3]"])
    let trainer = try Trainer(recipe)
    _ = try trainer.train(3)
    try Checkpoint.save(trainer, to: scratch.path("a.h5"))
    let student = try trainer.components.backbone.trainable(.student, adapters: false, seed: 9)
    #expect(try Checkpoint.loadStudent(scratch.path("a.h5"), into: student) == [1, 0.3])
    let ema = try #require(trainer.ema)
    for (a, b) in zip(ema.state, student.parameters.state) { try expectSame(a.tensor, b.tensor, a.name) }
    #expect(try bytes(student.parameters.all[0].value) != bytes(trainer.components.student.parameters.all[0].value))
  }
}
