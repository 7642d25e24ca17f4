import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct MatchedStepsTests {
  private func trainer(_ steps: MatchedSteps, _ changes: [String: String] = [:], objective: String = "amd") throws
    -> Trainer
  {
    try Trainer(shortRecipe(changes.merging(["matching.steps": steps.rawValue]) { $1 }, objective: objective))
  }

  /// The squared Fréchet distance between a two-step student's samples and the data, points ±1.5 + 0.4 ε: mean 0, variance
  /// 1.5² + 0.4².
  private func distance(_ steps: MatchedSteps, warmStart: Int) throws -> Double {
    let node = try YAMLNode.parse(
      """
      name: two-modes
      device: cpu
      backbone:
        kind: gaussian-mixture
        dimension: 1
        means: [-1.5, 1.5]
        stds: [0.4]
        network: {width: 32, layers: 2, embedding: 16, warm-start: \(warmStart)}
      objective: {kind: dmd}
      matching: {scale: none, steps: \(steps.rawValue)}
      student: {steps: [1, 0.5], learning-rate: 2e-3, learning-rate-schedule: cosine, ema: {decay: 0.95}}
      fake-teacher: {updates: 5, learning-rate: 5e-3}
      training: {steps: 400, batch: 128}
      output: {diagnostics-every: 1000}
      """)
    let recipe = try Recipe(node, catalog: smallCatalog())
    let trainer = try Trainer(recipe)
    _ = try trainer.train(recipe.training.steps)
    let samples = try trainer.withAveragedStudent {
      try SampleGenerator(trainer.components.backbone, seed: 1, batch: 4000).fewStep(
        trainer.components.student, steps: recipe.steps, promptIDs: Array(repeating: 0, count: 4000)
      ).doubles()
    }
    let mean = samples.reduce(0, +) / 4000
    let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    return mean * mean + pow(variance.squareRoot() - (1.5 * 1.5 + 0.4 * 0.4).squareRoot(), 2)
  }

  @Test func `From random weights the last of two steps takes one mode if both are matched as one distribution`() throws
  {
    let distance = try distance(.all, warmStart: 0)
    #expect(distance > 1, "\(distance)")
  }

  @Test func `From random weights the last of two steps has the data's moments if each is matched by itself`() throws {
    let distance = try distance(.stepAware, warmStart: 0)
    #expect(distance < 0.1, "\(distance)")
  }

  /// From random weights it may collapse: no update reaches the steps before the last.
  @Test func `From a denoiser's weights the last of two steps has the data's moments if it is matched alone`() throws {
    let distance = try distance(.last, warmStart: 500)
    #expect(distance < 0.1, "\(distance)")
  }

  @Test func `Updates take the last step alone, or each of them`() throws {
    for (steps, expected) in [(MatchedSteps.all, Set([1, 0.5])), (.last, [0.5]), (.stepAware, [1, 0.5])] {
      let reports = try trainer(steps).train(8)
      let taken = reports.flatMap { $0.columns.first { $0.name == "student-step" }?.values ?? [] }
      #expect(Set(taken) == expected)
    }
    #expect(MatchedSteps.allCases.map { $0.meanPasses(4) } == [2.5, 4, 2.5])
  }

  @Test func `A student of one step trains alike if all of its steps are matched or the last`() throws {
    let plain = try trainer(.all, ["student.steps": "[1]"])
    _ = try plain.train(3)
    let last = try trainer(.last, ["student.steps": "[1]"])
    _ = try last.train(3)
    #expect(try differences(plain, last).isEmpty)
  }

  @Test(arguments: ["amd", "dmd2", "sid"])
  func `A fake teacher that is told the step begins as one that is not, and learns to tell steps apart`(
    _ objective: String
  ) throws {
    let (plain, told) = (try trainer(.all, objective: objective), try trainer(.stepAware, objective: objective))
    let (a, b) = (try plain.step(), try told.step())
    #expect(a.student.map(\.value) == b.student.map(\.value))
    _ = try told.train(5)
    let names = ["fake-teacher/student_step_embedding.weight", "objective/student_step.weight"]
    let embeddings = told.tensors.filter { names.contains($0.name) }
    #expect(embeddings.count == (objective == "sid" ? 1 : 2))
    for (name, tensor) in embeddings {
      let rows = try [tensor.rows(0..<1), tensor.rows(1..<2)].map { try $0.doubles() }
      #expect(rows[0] != rows[1] && rows[0].contains { $0 != 0 }, "\(name)")
    }
  }

  @Test func `What tells the step is saved and resumed, and is trained with the adapters of a frozen network`() throws {
    let scratch = try Scratch()
    let changes = ["fake-teacher.lora": "{rank: 2}", "student.lora": "{rank: 2}"]
    let whole = try trainer(.stepAware, changes)
    _ = try whole.train(4)
    let first = try trainer(.stepAware, changes)
    _ = try first.train(2)
    try Checkpoint.save(first, to: scratch.path("a.h5"))
    let second = try trainer(.stepAware, changes)
    try Checkpoint.load(scratch.path("a.h5"), into: second)
    _ = try second.train(2)
    #expect(try differences(whole, second).isEmpty)
    let embedding = try #require(whole.components.fakeTeacher.parameters["student_step_embedding.weight"])
    #expect(try embedding.value.doubles().contains { $0 != 0 })
    #expect(whole.components.student.parameters["student_step_embedding.weight"] == nil)
  }

  @Test func `A discriminator on the teacher's features is told the step by an embedding of its own`() throws {
    let stage = try Stage.images()
    stage.steps = .stepAware
    let term = AdversarialTerm(
      .init(try settings("student-weight: 0\ndiscriminator-weight: 1\nfeatures: teacher")))
    try term.prepare(for: stage.scenes, seed: 1)
    let embedding = try #require(term.parameters?["student_step.weight"])
    #expect(embedding.value.shape == [2, 16])
    func losses() throws -> [Double] {
      try (0..<2).map { step in
        let scene = try stage.scene(studentStep: step)
        return try term.adding(toFakeTeacher: Loss(mean(scene.time) * 0), scene).total.item()
      }
    }
    let before = try losses()
    #expect(before[0] == before[1])
    try noGrad { try embedding.value.copy(from: normal("embedding", [2, 16])) }
    let after = try losses()
    #expect(after[0] != after[1] && after[0] != before[0])
  }

  @Test func `A family whose fake teacher cannot be told the step is refused at its place in the recipe`() throws {
    let recipe = try shortRecipe(["matching.steps": "step-aware"])
    let error = #expect(throws: Failure.self) { _ = try recipe.newFakeTeacher(DeafBackbone()) }
    #expect(error?.description.contains("matching.steps") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("cannot be told the student's step") == true)
    _ = try shortRecipe(["matching.steps": "last"]).newFakeTeacher(DeafBackbone())
  }

  @Test func `A network that is told the step refuses a condition without one`() throws {
    let told = try trainer(.stepAware)
    let (backbone, fake) = (told.components.backbone, told.components.fakeTeacher)
    let (noisy, time) = (try Tensor.zeros([2, 2]), try Tensor([0.5, 0.5]))
    let error = #expect(throws: TensorError.self) {
      _ = try fake.denoise(from: noisy, at: time, given: backbone.condition([0, 1]))
    }
    #expect(error?.description.contains("student-step") == true)
    _ = try fake.denoise(from: noisy, at: time, given: backbone.condition([0, 1]).told(step: 1, on: .cpu))
  }
}

/// A family that ignores that its network should be told something.
private final class DeafBackbone: Backbone {
  private let points = tinyMixture()
  var medium: Medium { points.medium }
  var sampleShape: [Int] { points.sampleShape }
  var device: Device { points.device }
  var prompts: [String] { points.prompts }
  var metadata: [String: String] { points.metadata }

  func condition(_ promptIDs: [Int]) throws -> Condition { try points.condition(promptIDs) }
  func unconditional(like condition: Condition) throws -> Condition { try points.unconditional(like: condition) }
  func teacher() throws -> any Teacher { try points.teacher() }
  func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    try points.trainable(role, adapters: adapters, seed: seed)
  }
}
