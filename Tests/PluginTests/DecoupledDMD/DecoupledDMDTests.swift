import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import DecoupledDMD
@testable import Fewstep

@Suite struct DecoupledDMDTests {
  @Test func `Decoupled DMD compares for guidance at times below the student's, each term over its own scale`() throws {
    let stage = try Stage.points()
    stage.guidance = 3
    let leaf = try stage.samples.detached().requiringGrad()
    func scene(_ time: Tensor, studentTime: Double) throws -> Scene {
      Scene(
        samples: leaf, condition: stage.condition, time: time, noise: try normal("noise", [Stage.count, 2]),
        matching: Matching(guidance: Guidance(3), times: 0.1...0.9), studentTime: studentTime, teacher: stage.teacher,
        fakeTeacher: stage.fakeTeacher, unconditional: stage.backbone.unconditional)
    }
    let time = try times("time", Stage.count).clamped(0.1, 0.9)
    try DecoupledDMD().studentLoss(scene(time, studentTime: 0.5)).total.backward()
    let plain = try scene(time, studentTime: 1)
    let later = try scene(0.1 + 0.5 * (time - 0.1), studentTime: 1)
    #expect(try later.time.doubles().allSatisfy { $0 <= 0.5 })
    let step = try plain.distributionMatching / plain.scale + later.conditionalAlignment / later.scale
    try expectClose(#require(leaf.gradient), -1.0 / Double(2 * Stage.count) * step, 1e-5)
    // In the first step both terms have the same times.
    let (first, dmd) = (
      try DecoupledDMD().studentLoss(plain).total, try Objectives.named("dmd").studentLoss(plain).total
    )
    #expect(Swift.abs(try first.item() - dmd.item()) < 1e-6)
  }
}
