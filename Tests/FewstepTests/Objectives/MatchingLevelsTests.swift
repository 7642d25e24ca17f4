import Fewstep
import Tensors
import TestSupport
import Testing

@Suite("Clamped noise levels")
struct MatchingLevelsTests {
  /// Times of a scene on a flow with shift 5.
  private func times(_ levels: ClosedRange<Double>?) throws -> [Double] {
    let stage = try Stage.points()
    let schedule = RectifiedFlow(shift: 5)
    let scenes = SceneBuilder(
      backbone: stage.backbone, teacher: Scheduled(stage.teacher, schedule), student: stage.student,
      fakeTeacher: stage.fakeTeacher, steps: [1, 0.5], matching: Matching(times: 0...1, levels: levels))
    return try scenes.scene(
      of: stage.samples, stage.condition, 0..<Stage.count, times: 0...1, studentStep: 1,
      streams: { Noise(seed: 11).stream($0, step: 0) }
    ).time.doubles()
  }

  @Test func `Times whose level is outside become the bound's, and the others stay`() throws {
    let schedule = RectifiedFlow(shift: 5)
    let (free, clamped) = (try times(nil), try times(0.5...0.9))
    let levels = clamped.map(schedule.sigma)
    #expect(levels.allSatisfy { 0.5 - 1e-9...0.9 + 1e-9 ~= $0 })
    #expect(levels.contains { abs($0 - 0.9) < 1e-9 })
    for (a, b) in zip(free, clamped) where 0.5...0.9 ~= schedule.sigma(a) { #expect(a == b) }
    #expect(free.contains { schedule.sigma($0) > 0.9 })
  }

  @Test func `The time of a level is the inverse of the schedule, of every schedule`() {
    for schedule in [RectifiedFlow(shift: 5), ContinuousVP(), EDM()] as [any NoiseSchedule] {
      for time in [0.1, 0.5, 0.93] { #expect(abs(schedule.time(ofLevel: schedule.sigma(time)) - time) < 1e-9) }
    }
  }

  /// A teacher with another schedule.
  private final class Scheduled: Teacher {
    let schedule: any NoiseSchedule
    let prediction: Prediction
    private let teacher: any Teacher

    init(_ teacher: any Teacher, _ schedule: any NoiseSchedule) {
      (self.teacher, self.schedule, prediction) = (teacher, schedule, teacher.prediction)
    }

    func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
      try teacher.modelOutput(for: noisy, at: time, given: condition)
    }
  }
}
