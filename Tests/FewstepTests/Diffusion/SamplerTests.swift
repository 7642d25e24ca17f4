import Fewstep
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import GaussianMixture

@Suite struct SamplerTests {
  private func sample(
    _ teacher: any Teacher, _ sampler: any Sampler, _ steps: Int, _ noise: Tensor, _ condition: Condition,
    guidance: Double = 1
  ) throws -> Tensor {
    try noGrad {
      try sampler.sample(noise, times: evenTimes(steps), schedule: teacher.schedule) { x, time in
        try teacher.guided(
          from: x, at: .full([condition.count], time, .float64), given: condition,
          unconditional: { $0 }, guidance: Guidance(guidance))
      }
    }
  }

  static let schedules: [any NoiseSchedule] = [RectifiedFlow(), ContinuousVP(), EDM()]

  @Test(arguments: [0, 1, 2])
  func `DDIM in many steps makes the mixture's classes, with their means and covariances`(_ place: Int) throws {
    let mixture = unevenMixture(2)
    let teacher = try GaussianMixture(mixture, schedule: Self.schedules[place]).teacher()
    let count = 2000
    for label in 0..<mixture.classes {
      let condition = try Condition(classes: Array(repeating: label, count: count))
      let made = try sample(teacher, DDIM(), 100, normal("ddim \(label)", [count, 2]), condition)
      try expectMoments(of: made, mixture, label)
    }
  }

  @Test(arguments: [0, 1])
  func `Heun's method is nearer to the flow than DDIM with twice its steps`(_ place: Int) throws {
    let mixture = unevenMixture(2)
    let teacher = try GaussianMixture(mixture, schedule: Self.schedules[place]).teacher()
    let condition = try Condition(classes: (0..<60).map { $0 % 3 })
    let noise = try normal("heun", [60, 2])
    let exact = try sample(teacher, Heun(), 400, noise, condition)
    func error(_ sampler: any Sampler, _ steps: Int) throws -> Double {
      try mse(sample(teacher, sampler, steps, noise, condition), exact).item().squareRoot()
    }
    let (ddim, heun) = (try error(DDIM(), 48), try error(Heun(), 24))
    #expect(heun < 0.6 * ddim, "Heun \(heun), DDIM \(ddim)")
    // Second order compared with first order.
    #expect(try error(Heun(), 96) < 0.12 * heun)
    let finer = try error(DDIM(), 192)
    #expect(0.15 * ddim < finer && finer < 0.4 * ddim, "\(ddim) \(finer)")
  }

  @Test func `Even times fall from 1 in equal steps`() { #expect(evenTimes(4) == [1, 0.75, 0.5, 0.25]) }

  @Test func `Guidance extrapolates from the unconditional to the conditional sample`() throws {
    let (conditional, unconditional) = (try Tensor([Float(3), -1]), try Tensor([Float(1), 1]))
    try expectSame(Guidance(4).guided(conditional, unconditional), Tensor([Float(9), -7]))
    try expectSame(Guidance(1).guided(conditional, unconditional), conditional)
    try expectSame(Guidance(0).guided(conditional, unconditional), unconditional)
  }

  @Test func `Conditional and unconditional samples of one batch are those of two calls`() throws {
    for stage in [try Stage.points(), try Stage.images()] {
      let noisy = try normal("both", [Stage.count] + stage.backbone.sampleShape)
      let time = try times("both", Stage.count)
      let counting = CountingTeacher(stage.teacher)
      try noGrad {
        let none = try stage.backbone.unconditional(like: stage.condition)
        let both = try counting.both(from: noisy, at: time, given: stage.condition, and: none, passes: .one)
        #expect(counting.calls == [2 * Stage.count])
        let conditional = try stage.teacher.denoise(from: noisy, at: time, given: stage.condition)
        let unconditional = try stage.teacher.denoise(from: noisy, at: time, given: none)
        try expectClose(both.conditional, conditional, 1e-5)
        try expectClose(both.unconditional, unconditional, 1e-5)
        #expect(try abs(conditional - unconditional).maximum([0, 1]).reshaped([-1])[0].item() > 1e-3)
        let guided = try counting.guided(
          from: noisy, at: time, given: stage.condition, unconditional: { _ in none }, guidance: Guidance(2.5))
        try expectClose(guided, unconditional + 2.5 * (conditional - unconditional), 1e-4)
        // ω = 1 needs no unconditional pass.
        _ = try counting.guided(
          from: noisy, at: time, given: stage.condition, unconditional: { _ in none }, guidance: Guidance(1))
        #expect(counting.calls == [2 * Stage.count, 2 * Stage.count, Stage.count])
      }
    }
  }

  @Test func `Few-step generation predicts, noises afresh, and keeps the graph of its last prediction alone`() throws {
    let stage = try Stage.points()
    let steps = [1, 0.6, 0.3]
    let noises = try (0..<3).map { try normal("place \($0)", [Stage.count, 2]) }
    let generation = FewStepSampler(steps: steps)
    for last in 0..<3 {
      var x = noises[0]
      for place in 0...last {
        let clean = try noGrad {
          try stage.student.denoise(from: x, at: .full([Stage.count], steps[place], .float64), given: stage.condition)
        }
        x = place == last ? clean : try (1 - steps[place + 1]) * clean + steps[place + 1] * noises[place + 1]
      }
      var asked = [Int]()
      let made = try generation.sample(stage.student, upTo: last, given: stage.condition) {
        asked.append($0)
        return noises[$0]
      }
      try expectClose(made, x, 1e-5)
      #expect(asked == Array(0...last))
      #expect(made.requiresGrad)
      #expect(
        try !noGrad { try generation.sample(stage.student, upTo: last, given: stage.condition) { noises[$0] } }
          .requiresGrad)
    }
  }

  @Test func `A student may begin at a time below 1 where noise has the whole variance, and nowhere else`() throws {
    func cast(_ schedule: String) throws -> TrainingComponents {
      let text = """
        name: later
        threads: 1
        backbone: {kind: gaussian-mixture, schedule: \(schedule), network: {width: 16, layers: 2, embedding: 8}}
        objective: {kind: dmd}
        student: {steps: [0.4]}
        training: {steps: 1, batch: 4}
        """
      return try TrainingComponents(Recipe(YAMLNode.parse(text), catalog: smallCatalog()))
    }
    #expect(try cast("discrete-vp").student.schedule.initialNoiseSigma(0.4) == 1)
    #expect(RectifiedFlow().initialNoiseSigma(0.995) == 1)
    #expect { _ = try cast("flow") } throws: { "\($0)".contains("student.steps: this model's first time must be 1") }
  }

  @Test func `A DDPM's sampling times are diffusers' leading and trailing ones`() {
    var schedule = DiscreteVP()
    #expect(schedule.samplingTimes(4).map(schedule.timestep) == [999, 749, 499, 249])
    schedule.spacing = .leading
    schedule.offset = 1
    #expect(schedule.samplingTimes(4).map(schedule.timestep) == [751, 501, 251, 1])
  }
}
