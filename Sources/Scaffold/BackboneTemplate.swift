/// A package with a model family: two blobs in the plane, whose teacher is exact.
struct BackboneTemplate: PluginTemplate {
  let name: PackageName
  let kind = "backbone"
  let summary = "A model family: two blobs of points in the plane, with an exact teacher and small networks."
  let testProducts = ["Shipped"]
  private var type: String { name.type }

  var source: String {
    """
    import Fewstep
    import Networks
    import Tensors

    /// Points in the plane: two blobs N(±m, s²) with m = (r, 0), one per class.
    public final class \(type): Backbone {
      public let device: Device
      public let medium = Medium.points
      public let sampleShape = [2]
      public let prompts = ["left", "right"]
      public let metadata = ["kind": "\(name.text)"]
      private let radius: Double
      private let std: Double

      public init(radius: Double, std: Double, on device: Device = .cpu) {
        self.radius = radius
        self.std = std
        self.device = device
      }

      public func condition(_ promptIDs: [Int]) throws -> Condition { try Condition(classes: promptIDs, on: device) }
      /// Class 2 is "none".
      public func unconditional(like condition: Condition) throws -> Condition {
        let none = condition.promptIDs.map { _ in 2 }
        return try Condition(classes: none, promptIDs: condition.promptIDs, on: device)
      }

      public func teacher() throws -> any Teacher { ExactTeacher(radius: radius, std: std) }
      public func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int)
        throws -> any TrainableDenoiser
      {
        try PointNetwork(studentSteps: studentSteps, seed: seed, on: device)
      }

      public static func register(in catalog: inout Catalog) {
        catalog.backbones.append(
          Plugin("\(name.text)", "Two blobs of points in the plane, with an exact teacher") { s in
            let radius = s.number("radius", default: 2, in: .positive, "r: the blobs' distance from the origin.")
            let std = s.number("std", default: 0.3, in: .positive, "s: their standard deviation.")
            return { \(type)(radius: radius, std: std, on: $0.device) }
          })
      }
    }

    /// E[x0 | x_t] by Bayes' rule. Within a blob it is m + g (x_t - α m), where v = α² s² + σ² and g = α s² / v. Without a class,
    /// m is weighted by the blobs' posterior: m tanh(α m·x_t / v).
    final class ExactTeacher: Teacher {
      let schedule: any NoiseSchedule = RectifiedFlow()
      let prediction = Prediction.sample
      private let radius: Double
      private let std: Double

      init(radius: Double, std: Double) {
        self.radius = radius
        self.std = std
      }

      func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
        let (alpha, sigma) = try schedule.coefficients(time, like: noisy)
        let variance = try alpha.squared() * (std * std) + sigma.squared()
        let gain = try alpha * (std * std) / variance
        let axis = try Tensor([1.0, 0.0], shape: [1, 2]).to(.float32).to(noisy.device)
        let along = try (noisy * axis).sum([1], keeping: true)
        let classes = try condition.tensor("class").unsqueezed(1)
        let either = try tanh(alpha * along * radius / variance)
        let side = try select(classes.equal(to: 2), either, classes.to(.float32) * 2 - 1)
        let mean = try side * axis * radius
        return try mean + gain * (noisy - alpha * mean)
      }
    }

    /// A small network that predicts x̂0 from the point, sinusoids of the time, and the class.
    final class PointNetwork: Student, FakeTeacher {
      let schedule: any NoiseSchedule = RectifiedFlow()
      let prediction = Prediction.sample
      let parameters: ParameterStore
      private let input: Linear
      private let classes: Embedding
      private let studentStep: StepEmbedding?
      private let hidden: Linear
      private let output: Linear

      init(studentSteps: Int?, seed: Int, on device: Device, width: Int = 64) throws {
        parameters = ParameterStore(.random(seed: seed), device: device)
        let root = parameters.root
        input = try Linear(root / "input", 2 + 16, width)
        classes = try Embedding(root / "classes", count: 3, width: width)
        studentStep = try studentSteps.map { try StepEmbedding(root / "student_step_embedding", steps: $0, width: width) }
        hidden = try Linear(root / "hidden", width, width)
        output = try Linear(root / "output", width, 2)
      }

      func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
        let times = try sinusoids((time * 1000).to(.float32).to(noisy.device), width: 16)
        var h = try input(concatenated([noisy, times], 1)) + classes(condition.tensor("class"))
        if let studentStep { h = try h + studentStep(condition.tensor(Condition.studentStep)) }
        return try output(silu(hidden(silu(h))))
      }
    }
    """
  }

  var test: String {
    """
    import Fewstep
    import Foundation
    import Shipped
    import Tensors
    import Testing

    @testable import \(type)

    @Suite struct \(type)Tests {
      @Test func `The teacher knows its class's mean, and without a class the middle between the two`() throws {
        let teacher = ExactTeacher(radius: 2, std: 0.3)
        let time = try Tensor([0.5, 0.5])
        let noisy = try Tensor([-1, 0, 1, 0], shape: [2, 2]).to(.float32)  // α m, where α = 0.5
        let classes = try Condition(classes: [0, 1])
        #expect(try teacher.denoise(from: noisy, at: time, given: classes).doubles() == [-2, 0, 2, 0])
        let middle = try teacher.denoise(
          from: noisy.zerosLike(), at: time, given: Condition(classes: [2, 2]))
        #expect(try middle.doubles() == [0, 0, 0, 0])
      }

      @Test func `Its recipe trains a student whose samples lie on their class's side`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").path
        let recipe = try Recipe.load(
          root + "/recipe.yaml", overrides: ["training.steps=100"],
          catalog: .shipped(adding: [{ \(type).register(in: &$0) }]))
        let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
        for _ in 0..<100 { _ = try trainer.step() }
        let sampling = SampleGenerator(trainer.components.backbone, seed: 1)
        let samples = try sampling.fewStep(trainer.components.student, steps: recipe.steps, promptIDs: [0, 1, 0, 1, 0, 1])
        let side = try samples.doubles().enumerated().filter { $0.offset % 2 == 0 }.map { $0.element > 0 }
        #expect(side == [false, true, false, true, false, true])
      }
    }
    """
  }

  var recipe: String {
    """
    # DMD on \(name.text); takes seconds
    name: \(name.text)
    seed: 0

    backbone:
      kind: \(name.text)
      radius: 2
      std: 0.3

    objective: {kind: dmd}

    student:
      steps: [1]
      learning-rate: 2e-3
      ema: {decay: 0.99}

    fake-teacher:
      learning-rate: 2e-3

    training:
      steps: 300
      batch: 128
    """
  }
}
