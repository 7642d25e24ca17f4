import Evaluation
import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct CollectiveTests {
  /// A large ε keeps AdamW from amplifying the rounding of small gradients to whole steps.
  private static func recipe(_ changes: [String: String] = [:], objective: String = "amd") throws -> Recipe {
    let settings = ["training.micro-batches": "4", "student.epsilon": "0.1", "fake-teacher.epsilon": "0.1"]
    return try shortRecipe(settings.merging(changes) { $1 }, objective: objective)
  }

  /// The results of two ranks, each with its own components.
  private static func two<R>(_ body: @escaping @Sendable (MemoryCollective) throws -> R) throws -> [R] {
    try MemoryCollective.run(2, body).map { try $0.get() }
  }

  @Test(arguments: ["amd", "dmd2", "decoupled-dmd", "reward-forcing", "sid"])
  func `Two ranks that share a batch do what one does with the whole, and stay alike to the bit`(_ objective: String)
    throws
  {
    let single = try Trainer(Self.recipe(objective: objective))
    let reports = try single.train(3)
    let ranks = try Self.two { collective in
      let recipe = try Self.recipe(objective: objective)
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      return (reports: try trainer.train(3), state: try trainer.tensors.map { ($0.name, try $0.tensor.detached()) })
    }
    for (expected, report) in zip(reports, ranks[0].reports) {
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
    for (a, b) in zip(single.tensors, ranks[0].state) { try expectClose(a.tensor, b.1, 1e-5, a.name) }
    let (first, second) = (try Self.hashes(ranks[0].state), try Self.hashes(ranks[1].state))
    #expect(Set(first.keys).subtracting(second.keys).allSatisfy { $0.hasPrefix("ema/") })
    #expect(second.allSatisfy { first[$0.key] == $0.value })
  }

  private static func hashes(_ state: [(String, Tensor)]) throws -> [String: [UInt8]] {
    try Dictionary(uniqueKeysWithValues: state.map { ($0.0, try bytes($0.1)) })
  }

  @Test func `A run of two ranks stopped and resumed is the run to the bit; the first rank alone writes files`() throws
  {
    let scratch = try Scratch()
    let (whole, parts) = (scratch.path("whole"), scratch.path("parts"))
    @Sendable func run(_ path: String, _ collective: MemoryCollective, resume: Bool = false, until limit: Int? = nil)
      throws -> (state: [String: [UInt8]], steps: Int, keepsJournal: Bool)
    {
      let recipe = try Self.recipe()
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      let run = try TrainingRun(trainer, folder: RunFolder(path), resume: resume)
      _ = try run.run(until: limit)
      return (try trainer.snapshot(), trainer.stepCount, run.journal != nil)
    }
    let expected = try Self.two { try run(whole, $0) }
    _ = try Self.two { try run(parts, $0, until: 3) }
    let resumed = try Self.two { try run(parts, $0, resume: true) }
    for rank in 0..<2 { #expect(expected[rank].state == resumed[rank].state) }
    #expect(resumed.map(\.steps) == [6, 6])
    #expect(resumed.map(\.keepsJournal) == [true, false])
    #expect(RunFolder(parts).checkpointSteps == [3, 6] && RunFolder(whole).checkpointSteps == [6])
  }

  @Test func `One process may resume what two have begun`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    _ = try Self.two { collective in
      let recipe = try Self.recipe()
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      return try TrainingRun(trainer, folder: folder, resume: false).run(until: 3)
    }
    let single = try Trainer(Self.recipe())
    try Checkpoint.load(folder.checkpoint(3), into: single)
    #expect(single.stepCount == 3)
  }

  @Test func `What fails on one rank ends the step of all, and is told with its place`() throws {
    for faulty in 0..<2 {
      let results = MemoryCollective.run(2) { collective in
        let recipe = try Self.recipe(objective: "dmd")
        var components = try TrainingComponents(recipe)
        if collective.rank == faulty { components = components.with(FaultyObjective("throws late")) }
        let trainer = try Trainer(recipe, components: components, over: DeviceMesh(collective))
        _ = try trainer.step()
        let before = try trainer.snapshot()
        let error = #expect(throws: Failure.self) { _ = try trainer.step() }
        if collective.rank != faulty { #expect(try trainer.snapshot() == before) }
        if let error { throw error }
      }
      let messages = results.map { result in
        if case .failure(let error) = result { "\(error)" } else { "no error" }
      }
      let own = "objective (FaultyObjective), student's loss at step 1: aten::"
      #expect(messages[faulty].hasPrefix(own), "\(messages)")
      #expect(messages[1 - faulty].hasPrefix("rank \(faulty): \(own)"), "\(messages)")
    }
  }

  @Test func `A rank that diverges takes all back to the last good checkpoint`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    let ranks = try Self.two { collective in
      let recipe = try Self.recipe(
        [
          "training.steps": "20", "output.checkpoint-every": "5", "output.keep": "9",
          "monitor":
            "{every: 4, samples: 24, teacher-steps: 5, policy: roll-back, mean-shift: 1e9, std: 1e9, diversity: 0, fake-teacher-gap: 1e9}",
        ], objective: "dmd")
      var components = try TrainingComponents(recipe)
      // This rank has two parts of each step.
      if collective.rank == 1 { components = components.with(FlakyObjective(call: 29)) }
      let trainer = try Trainer(recipe, components: components, over: DeviceMesh(collective))
      let run = try TrainingRun(trainer, folder: folder, resume: false)
      var seen = [Warning]()
      guard case .finished = try run.run(.init(warning: { seen.append($0) })) else {
        throw Failure(.software, at: "run", "not finished")
      }
      return (seen: seen, factor: trainer.learningRateFactor, state: try trainer.snapshot())
    }
    #expect(ranks[0].seen.map(\.kind) == [.notFinite] && ranks[0].seen.first?.from == 10, "\(ranks[0].seen)")
    #expect(ranks[1].seen.isEmpty)
    #expect(ranks.map(\.factor) == [0.5, 0.5])
    #expect(ranks[1].state.allSatisfy { ranks[0].state[$0.key] == $0.value })
  }

  @Test func `A warning that stops the first rank is the ending of all`() throws {
    let scratch = try Scratch()
    let endings = try Self.two { collective in
      let recipe = try Self.recipe([
        "monitor": "{every: 1, samples: 24, teacher-steps: 5, policy: stop, ignore-first-steps: 0, mean-shift: 1e-9}"
      ])
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      return try TrainingRun(trainer, folder: RunFolder(scratch.path("r")), resume: false).run()
    }
    let warnings = endings.compactMap { if case .stopped(let warning) = $0 { warning } else { nil } }
    #expect(warnings.count == 2 && warnings[0] == warnings[1], "\(endings)")
  }

  @Test func `A student that cannot be saved is an error on every rank`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    let results = MemoryCollective.run(2) { collective in
      let recipe = try Self.recipe()
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      let run = try TrainingRun(trainer, folder: folder, resume: false)
      // A file cannot take the place of a folder.
      if collective.rank == 0 {
        try FileManager.default.createDirectory(atPath: folder.student + "/x", withIntermediateDirectories: true)
      }
      return try run.run()
    }
    for result in results {
      guard case .failure(let error) = result else { Issue.record("\(result)"); continue }
      #expect("\(error)".contains("student.safetensors"), "\(error)")
    }
  }

  @Test func `A rank that cannot take over the checkpoint of a resumed run ends the group`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    @Sendable func run(_ collective: any Collective, resume: Bool) throws -> TrainingRun {
      let recipe = try Self.recipe()
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
      return try TrainingRun(trainer, folder: folder, resume: resume)
    }
    _ = try Self.two { try run($0, resume: false).run(until: 3) }
    let results = MemoryCollective.run(2) { collective in
      guard collective.rank == 1 else { return try run(collective, resume: true).trainer.stepCount }
      let deaf = DeafCollective(collective)
      do { return try run(deaf, resume: true).trainer.stepCount } catch {
        throw deaf.hasAborted ? error : Failure(.software, at: "test", "the others would wait for ever")
      }
    }
    for result in results {
      guard case .failure(let error) = result else { Issue.record("\(result)"); continue }
      #expect("\(error)".contains("it gets no broadcasts"), "\(error)")
    }
  }

  @Test func `Parameters that one rank alone has used take the same step on both`() throws {
    let ranks = try Self.two { collective in
      let recipe = try Self.recipe(objective: "dmd")
      let objective = try PartlyUsedObjective(isUsed: collective.rank == 0)
      let trainer = try Trainer(
        recipe, components: TrainingComponents(recipe).with(objective), over: DeviceMesh(collective))
      _ = try trainer.step()
      return try objective.weight.value.doubles()
    }
    #expect(ranks[0] == ranks[1] && ranks[0] != [1, 1, 1], "\(ranks)")
  }

  @Test func `The first rank evaluates with its average, and all get the scores`() throws {
    let scratch = try Scratch()
    let folder = RunFolder(scratch.path("r"))
    let ranks = try Self.two { collective in
      let recipe = try Recipe(FullRecipe.averaged.node(), catalog: smallCatalog())
      let components = try TrainingComponents(recipe)
      let trainer = try Trainer(recipe, components: components, over: DeviceMesh(collective))
      let run = try TrainingRun(trainer, folder: folder, resume: false)
      _ = try run.run()
      let evaluation = try ModelEvaluation(
        recipe, #require(recipe.evaluation), backbone: components.backbone, teacher: components.teacher)
      var calls = 0
      let result = try run.evaluate(evaluation) { _, _, _ in calls += 1 }
      return (scores: result.scores, fingerprint: result.fingerprint, calls: calls)
    }
    #expect(ranks[0].scores == ranks[1].scores && ranks[0].scores.last?.model == "student")
    #expect(ranks[0].fingerprint == ranks[1].fingerprint)
    #expect(ranks[0].calls > 0 && ranks[1].calls == 0)
    #expect(try EvaluationResult.load(folder.evaluation).scores == ranks[0].scores)
  }

  @Test func `All ranks follow the first one's decision`() throws {
    #expect(try Self.two { collective in try collective.agree { 10 + collective.rank } } == [10, 10])
    let broadcast = try Self.two { collective in
      let tensor = try Tensor([Double(collective.rank)])
      try collective.broadcast([tensor], from: 1)
      return try tensor.doubles()
    }
    #expect(broadcast == [[1], [1]])
    let gathered = try Self.two { collective in
      let range = collective.rank * 2..<collective.rank * 2 + 2
      return try collective.gather(Tensor(range.map(Double.init)), range, of: 4).doubles()
    }
    #expect(gathered == [[0, 1, 2, 3], [0, 1, 2, 3]])
  }

  @Test func `A sum that is made holds on to no gradient`() throws {
    let isReleased = MemoryCollective.run(1) { collective in
      weak var held: Tensor?
      do {
        let gradient = try Tensor.ones([3])
        held = gradient
        try collective.sum([gradient])
      }
      return held == nil
    }
    #expect(try isReleased[0].get())
  }

  @Test func `Micro-batches that cannot be divided evenly among the ranks are refused at their place`() throws {
    let errors = MemoryCollective.run(3) { collective in
      let recipe = try Self.recipe()
      _ = try Trainer(recipe, components: TrainingComponents(recipe), over: DeviceMesh(collective))
    }
    for result in errors {
      guard case .failure(let error) = result else { Issue.record("no error"); continue }
      let message = "training.micro-batches: 4 micro-batches cannot be divided evenly among 3 processes"
      #expect("\(error)".contains(message), "\(error)")
    }
  }
}

/// A rank that gets no broadcasts.
private final class DeafCollective: Collective {
  static let failure = Failure(.software, at: "DeafCollective", "it gets no broadcasts")
  private let inner: MemoryCollective
  private(set) var hasAborted = false

  init(_ inner: MemoryCollective) { self.inner = inner }

  var rank: Int { inner.rank }
  var count: Int { inner.count }
  var requests: Requests { inner.requests }
  func startSum(_ tensor: Tensor) throws -> PendingTensor { try inner.startSum(tensor) }
  func startGather(_ piece: Tensor) throws -> PendingTensor { try inner.startGather(piece) }
  func startScatteredSum(_ whole: Tensor) throws -> PendingTensor { try inner.startScatteredSum(whole) }
  func broadcast(_ tensors: [Tensor], from rank: Int) throws { throw Self.failure }
  func group(of ranks: [Int]) -> any Collective { inner.group(of: ranks) }
  func word(_ own: Int) throws -> Int { try inner.word(own) }
  func abort(_ error: any Error) {
    hasAborted = true
    inner.abort(error)
  }
}

/// DMD with a weight of its own, which the loss of some ranks does not contain.
private final class PartlyUsedObjective: MatchingObjective {
  let parameters: ParameterStore?
  let weight: Parameter
  private let isUsed: Bool

  init(isUsed: Bool) throws {
    let store = ParameterStore(.random(seed: 1))
    weight = try store.root.parameter("weight", [3], .ones)
    (parameters, self.isUsed) = (store, isUsed)
  }

  func studentLoss(_ scene: Scene) throws -> Loss { try scene.match(along: scene.distributionMatching) }
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    let loss = Loss(try mean(scene.denoisingError))
    return isUsed ? Loss(try loss.total + mean(weight.value.squared())) : loss
  }
}
