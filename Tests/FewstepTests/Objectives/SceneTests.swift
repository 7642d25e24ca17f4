import Foundation
import Tensors
import TestSupport
import Testing

@testable import AMD
@testable import DMD
@testable import DMD2
@testable import DecoupledDMD
@testable import Fewstep
@testable import RewardForcing
@testable import SiD

@Suite struct SceneTests {
  @Test
  func `A scene asks the real teacher once for both passes, the fake teacher once, and keeps what they say`() throws {
    let stage = try Stage.points()
    stage.guidance = 3
    let teacher = CountingTeacher(stage.teacher)
    let fake = CountingFakeTeacher(stage.fakeTeacher)
    (stage.teacher, stage.fakeTeacher) = (teacher, fake)
    let scene = try stage.scene()
    #expect(teacher.calls.isEmpty && fake.calls.isEmpty)
    for _ in 0..<2 {
      _ = try scene.realUnconditional
      _ = try scene.realConditional
      _ = try scene.realGuided
      _ = try scene.distributionMatching
      _ = try scene.conditionalAlignment
      _ = try scene.scale
      _ = try scene.reward
    }
    #expect(teacher.calls == [2 * Stage.count])
    #expect(fake.calls == [Stage.count])
    _ = try scene.denoisingError
    _ = try scene.denoisingError
    #expect(fake.calls == [Stage.count, Stage.count])
    #expect(try scene.noisy === scene.noisy)
  }

  @Test(arguments: ["dmd", "dmd2", "amd", "reward forcing", "sid"])
  func `Without guidance no objective asks for the unconditional pass, and a fake teacher's loss asks no teacher`(
    _ name: String
  ) throws {
    for (guidance, expected) in [(1.0, [Stage.count]), (2, [2 * Stage.count])] {
      let stage = try Stage.points()
      stage.guidance = guidance
      let teacher = CountingTeacher(stage.teacher)
      let fake = CountingFakeTeacher(stage.fakeTeacher)
      (stage.teacher, stage.fakeTeacher) = (teacher, fake)
      let objective = try Objectives.named(name)
      _ = try objective.fakeTeacherLoss(stage.scene())
      #expect(teacher.calls.isEmpty)
      #expect(fake.calls == [Stage.count])
      _ = try objective.studentLoss(stage.scene())
      #expect(teacher.calls == expected)
      #expect(fake.calls == [Stage.count, Stage.count])
    }
  }

  @Test func `The directions are differences of clean samples, in which guidance is split in two`() throws {
    let stage = try Stage.points()
    stage.guidance = 2.5
    let scene = try stage.scene()
    let time = scene.time
    try noGrad {
      let noisy = try stage.teacher.schedule.addNoise(stage.samples.detached(), scene.noise, at: time)
      let conditional = try stage.teacher.denoise(from: noisy, at: time, given: stage.condition)
      let unconditional = try stage.teacher.denoise(
        from: noisy, at: time, given: stage.backbone.unconditional(like: stage.condition))
      let fake = try stage.fakeTeacher.denoise(from: noisy, at: time, given: stage.condition)
      try expectClose(scene.distributionMatching, conditional - fake, 1e-5)
      try expectClose(scene.conditionalAlignment, 1.5 * (conditional - unconditional), 1e-5)
      try expectClose(scene.realGuided, unconditional + 2.5 * (conditional - unconditional), 1e-5)
      try expectClose(scene.distributionMatching + scene.conditionalAlignment, scene.realGuided - fake, 1e-5)
    }
    #expect(try !scene.distributionMatching.requiresGrad)
  }

  @Test(arguments: MatchingScale.allCases)
  func `A sample's matching scale is its own, whatever the batch`(_ scale: MatchingScale) throws {
    let stage = try Stage.points()
    stage.guidance = 2
    stage.scale = scale
    let scene = try stage.scene()
    let whole = try scene.scale
    #expect(whole.shape == [Stage.count, 1])
    for place in [0, 5, 11] {
      let range = place..<place + 1
      let alone = Scene(
        samples: try stage.samples.rows(range), condition: try stage.condition.rows(range),
        time: try scene.time.rows(range),
        noise: try scene.noise.rows(range), matching: scene.matching, teacher: stage.teacher,
        fakeTeacher: stage.fakeTeacher, unconditional: stage.backbone.unconditional)
      try expectClose(alone.scale, whole.rows(range), 1e-5)
    }
    let distance = try abs(stage.samples.detached() - scene.realGuided).mean([1], keeping: true)
    let expected: Tensor
    switch scale {
    case .none: expected = try .ones([Stage.count, 1])
    case .dmd2: expected = distance
    case .dmd: expected = try distance / scene.teacher.schedule.coefficients(scene.time, like: stage.samples).alpha
    }
    try expectClose(whole, expected, 1e-5)
  }

  @Test func `Matching moves each sample along its direction, divided by its scale`() throws {
    let stage = try Stage.points()
    let samples = try normal("leaf", [Stage.count, 2]).requiringGrad()
    let scene = Scene(
      samples: samples, condition: stage.condition, time: try times("time", Stage.count),
      noise: try normal("noise", [Stage.count, 2]), matching: Matching(), teacher: stage.teacher,
      fakeTeacher: stage.fakeTeacher)
    let direction = try normal("direction", [Stage.count, 2])
    let loss = try scene.match(along: direction)
    try loss.total.backward()
    let step = try direction / scene.scale
    try expectClose(#require(samples.gradient), -1.0 / Double(2 * Stage.count) * step, 1e-6)
    #expect(Swift.abs(try loss.total.item() - 0.5 * mean(step.squared()).item()) < 1e-5)
  }

  @Test func `A direction of another shape than the samples' is refused, not broadcast`() throws {
    let scene = try Stage.points().scene()
    #expect(throws: TensorError.self) { try scene.match(along: normal("direction", [2])) }
  }

  @Test func `A direction that is not finite gives a loss that is not finite`() throws {
    let stage = try Stage.points()
    let scene = try stage.scene()
    let direction = try normal("direction", [Stage.count, 2])
    try direction.assign(Tensor.full([], .nan), at: 3, 1)
    #expect(try scene.match(along: direction).total.item().isNaN)
  }

  @Test func `A sample that is what the teacher makes of it does not move, and breaks nothing`() throws {
    let samples = try normal("leaf", [4, 2]).requiringGrad()
    let still = FormulaDenoiser.constant(try samples.detached().cloned())
    let scene = Scene(
      samples: samples, condition: try Condition(classes: [0, 0, 0, 0]), time: try times("time", 4),
      noise: try normal("noise", [4, 2]), matching: Matching(), teacher: still, fakeTeacher: still)
    try DMD(.init(settings("kind: dmd"))).studentLoss(scene).total.backward()
    #expect(try #require(samples.gradient).doubles().allSatisfy { $0 == 0 })
  }

  @Test func `A view at other times has the same samples and noise, and is made once`() throws {
    let stage = try Stage.points()
    stage.guidance = 2
    let scene = try stage.scene()
    let later = scene.at(try 0.5 * scene.time, named: "half")
    #expect(scene.at(scene.time, named: "half") === later)
    #expect(later.samples === scene.samples && later.noise === scene.noise && later.matching.guidance.scale == 2)
    try expectSame(later.advantage.values, scene.advantage.values)
    let noisy = try stage.teacher.schedule.addNoise(stage.samples.detached(), scene.noise, at: 0.5 * scene.time)
    try expectSame(later.noisy, noisy)
    #expect(try bytes(later.distributionMatching) != bytes(scene.distributionMatching))
  }

  @Test func `In a differentiable scene the teachers say the same, and the samples alone get a gradient of it`() throws
  {
    let stage = try Stage.images()
    stage.guidance = 2
    let scene = try stage.scene()
    let view = scene.differentiable
    try expectSame(view.realGuided.detached(), scene.realGuided)
    try expectSame(view.fake.detached(), scene.fake)
    #expect(try view.distributionMatching.requiresGrad)
    #expect(try !scene.distributionMatching.requiresGrad)
    #expect(try !view.scale.requiresGrad)
    try sum(view.fake).backward()
    #expect(stage.fakeTeacher.parameters.all.allSatisfy { $0.value.gradient == nil && $0.isTrainable })
    #expect(stage.student.parameters.all.contains { $0.value.gradient != nil })
  }

  @Test func `Without real data, pairs or sensing a scene says so, or has no advantages`() throws {
    let stage = try Stage.points()
    let scene = Scene(
      samples: stage.samples, condition: stage.condition, time: try times("time", Stage.count),
      noise: try normal("noise", [Stage.count, 2]), matching: Matching(), teacher: stage.teacher,
      fakeTeacher: stage.fakeTeacher)
    #expect(throws: Failure.self) { try scene.real }
    #expect(throws: Failure.self) { try scene.regressionPairs }
    try expectSame(scene.advantage.values, .zeros([Stage.count]))
    #expect(!scene.hasRewards)
    try expectSame(scene.groupMean { try exp($0) }.values, .ones([Stage.count]))
    try expectSame(scene.overBatch { try exp($0) }.values, .ones([Stage.count]))
  }
}
