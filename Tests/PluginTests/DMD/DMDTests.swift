import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct DMDTests {
  @Test func `DMD's regression is the squared error to the teacher's own samples, weighted`() throws {
    let stage = try Stage.points()
    let scene = try stage.scene(pairs: true)
    let plain = try Objectives.named("dmd").studentLoss(scene).total.item()
    let both = try Objectives.named("dmd regression").studentLoss(scene)
    let pairs = try scene.regressionPairs
    let error = try mse(pairs.student, pairs.teacher).item()
    #expect(error > 0.01)
    #expect(both.terms.map(\.name) == ["regression"])
    #expect(Swift.abs(try both.total.item() - plain - 0.25 * error) < 1e-5)
  }
}
