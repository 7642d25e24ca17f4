import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ReplicaTests {
  /// A large ε keeps AdamW from blowing the rounding of small gradients up to whole steps.
  private let settings = [
    "training.micro-batches": "4", "training.replicas": "2", "student.epsilon": "0.1", "fake-teacher.epsilon": "0.1",
  ]
  private func recipe(_ changes: [String: String] = [:], objective: String = "amd") throws -> Recipe {
    try shortRecipe(settings.merging(changes) { $1 }, objective: objective)
  }

  @Test(
    "Two replicas that share a batch do what one does with the whole, and stay alike to the bit",
    arguments: ["amd", "dmd2", "decoupled-dmd", "reward-forcing", "sid"])
  func invariance(_ objective: String) throws {
    let alone = try Trainer(recipe(["training.replicas": "1"], objective: objective))
    let recipe = try recipe(objective: objective)
    let team = try Team(recipe, components: TrainingComponents(recipe))
    for _ in 0..<3 {
      let (expected, report) = (try alone.step(), try team.step())
      for (a, b) in zip(expected.student + expected.fakeTeacher, report.student + report.fakeTeacher) {
        #expect(a.name == b.name && Swift.abs(a.value - b.value) < 1e-4 * (1 + Swift.abs(a.value)), "\(a) \(b)")
      }
      #expect(Swift.abs(expected.studentNorm / report.studentNorm - 1) < 1e-4)
      #expect((expected.reward ?? 0) - (report.reward ?? 0) < 1e-5)
      #expect(Swift.abs((expected.denoisingError ?? 0) - (report.denoisingError ?? 0)) < 1e-5)
      #expect(expected.columns.map(\.name) == report.columns.map(\.name))
      for (a, b) in zip(expected.columns, report.columns) where a.name != "flips" {
        let distances = zip(a.values, b.values).map {
          $0.isNaN && $1.isNaN ? 0 : Swift.abs($0 - $1) / (1 + Swift.abs($0))
        }
        #expect(a.values.count == b.values.count && distances.max() ?? 0 < 1e-3, "\(a.name)")
      }
    }
    for (a, b) in zip(alone.state, team.lead.state) { try expectClose(a.tensor, b.tensor, 1e-5, a.name) }
    let (first, second) = (try team.trainers[0].snapshot(), try team.trainers[1].snapshot())
    #expect(Set(first.keys).subtracting(second.keys).allSatisfy { $0.hasPrefix("ema/") })
    #expect(second.allSatisfy { first[$0.key] == $0.value })
  }

  @Test("A run of two replicas stopped and taken up again is the run to the bit")
  func resume() throws {
    let scratch = try Scratch()
    let recipe = try recipe()
    func run(_ name: String, resume: Bool = false, until limit: Int? = nil) throws -> TrainingRun {
      let run = try TrainingRun(
        Team(recipe, components: TrainingComponents(recipe)), folder: RunFolder(scratch.path(name)), resume: resume)
      _ = try run.run(until: limit)
      return run
    }
    let whole = try run("whole")
    _ = try run("parts", until: 3)
    let parts = try run("parts", resume: true)
    #expect(try differences(whole.trainer, parts.trainer).isEmpty)
    #expect(parts.team.trainers.map(\.stepCount) == [6, 6])
  }

  @Test("One replica may go on where two have stopped")
  func fewer() throws {
    let scratch = try Scratch()
    let recipe = try recipe()
    let two = try TrainingRun(
      Team(recipe, components: TrainingComponents(recipe)), folder: RunFolder(scratch.path("r")), resume: false)
    _ = try two.run(until: 3)
    try Checkpoint.load(two.folder.checkpoint(3), into: Trainer(self.recipe(["training.replicas": "1"])))
  }

  @Test("What fails in one replica ends the step of all, and is told with its place")
  func failure() throws {
    let recipe = try recipe(objective: "dmd")
    let team = try Team(recipe, components: TrainingComponents(recipe)) {
      try TrainingComponents($0).playing(FaultyObjective("throws late"))
    }
    _ = try team.step()
    let before = try team.lead.snapshot()
    let error = #expect(throws: ReplicaError.self) { _ = try team.step() }
    let words = "replica 1: objective (FaultyObjective), student's loss at step 1: aten::"
    #expect(error?.description.hasPrefix(words) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(try team.lead.snapshot() == before)
    // The leader's own failure is told as it is, and leaves nobody waiting.
    let other = try Team(recipe, components: TrainingComponents(recipe).playing(FaultyObjective("throws"))) {
      try TrainingComponents($0)
    }
    #expect(throws: PluginError.self) { _ = try other.step() }
  }

  @Test("A replica that diverges takes all back to the last good checkpoint")
  func rollBack() throws {
    let scratch = try Scratch()
    let recipe = try recipe(
      [
        "training.steps": "20", "output.checkpoint-every": "5", "output.keep": "9",
        "monitor":
          "{every: 4, samples: 24, teacher-steps: 5, policy: roll-back, mean-shift: 1e9, std: 1e9, diversity: 0, fake-teacher-gap: 1e9}",
      ], objective: "dmd")
    // Two parts a step are its own.
    let team = try Team(recipe, components: TrainingComponents(recipe)) {
      try TrainingComponents($0).playing(FlakyObjective(call: 29))
    }
    let run = try TrainingRun(team, folder: RunFolder(scratch.path("r")), resume: false)
    var seen = [Warning]()
    guard case .finished = try run.run(.init(warning: { seen.append($0) })) else {
      Issue.record("not finished"); return
    }
    #expect(seen.map(\.kind) == [.notFinite] && seen.first?.from == 10, "\(seen)")
    #expect(team.trainers.map(\.learningRateFactor) == [0.5, 0.5])
    let (first, second) = (try team.trainers[0].snapshot(), try team.trainers[1].snapshot())
    #expect(second.allSatisfy { first[$0.key] == $0.value })
  }

  @Test("A sum that is made holds on to no gradient")
  func release() throws {
    let replicas = Replicas(1)
    weak var held: Tensor?
    do {
      let gradient = try Tensor.ones([3])
      held = gradient
      try replicas.sum([gradient], by: 0)
    }
    #expect(held == nil)
  }

  @Test("Replicas that cannot share the parts of a batch alike are refused at their place")
  func refusal() throws {
    let error = #expect(throws: CastError.self) { _ = try TrainingComponents(recipe(["training.replicas": "3"])) }
    let words = "training.replicas: 3 cannot share 4 parts of a batch alike"
    #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
  }
}
