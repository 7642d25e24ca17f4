import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import DMD2
@testable import Fewstep

@Suite struct DMD2Tests {
  @Test func `The GAN's terms are softplus losses of real and generated samples, weighted`() throws {
    let stage = try Stage.images()
    let objective = DMD2(.init(try settings("gan: {student-weight: 0.5, discriminator-weight: 0.25}")))
    try objective.prepare(for: stage.scenes, seed: 7)
    let plain = try Objectives.named("dmd")
    let student = try objective.studentLoss(stage.scene())
    #expect(student.terms.map(\.name) == ["gan"])
    let gan = try student.terms[0].value.item()
    // Before training a logit is small, so softplus is about ln 2.
    #expect(Swift.abs(gan - log(2)) < 0.3)
    #expect(
      Swift.abs(try student.total.item() - plain.studentLoss(stage.scene()).total.item() - 0.5 * gan) < 1e-5)
    let fake = try objective.fakeTeacherLoss(stage.scene())
    #expect(fake.terms.map(\.name) == ["discriminator"])
    let discriminator = try fake.terms[0].value.item()
    #expect(Swift.abs(discriminator - 2 * log(2)) < 0.6)
    #expect(
      Swift.abs(try fake.total.item() - plain.fakeTeacherLoss(stage.scene()).total.item() - 0.25 * discriminator) < 1e-5
    )
  }

  @Test
  func `Training the discriminator alone tells real from generated, and the student's gradient says which way`() throws
  {
    let stage = try Stage.images()
    let objective = DMD2(.init(try settings("gan: {student-weight: 1, discriminator-weight: 1}")))
    try objective.prepare(for: stage.scenes, seed: 7)
    let head = try #require(objective.parameters)
    let optimizer = try AdamW(
      stage.fakeTeacher.parameters.trainable + head.trainable, AdamW.Settings(learningRate: 3e-3, weightDecay: 0))
    func discriminator() throws -> Loss { try objective.fakeTeacherLoss(stage.scene()) }
    let before = try discriminator().terms[0].value.item()
    for _ in 0..<30 {
      try discriminator().total.backward()
      try optimizer.step()
    }
    let after = try discriminator().terms[0].value.item()
    #expect(after < before - 0.1, "\(before) \(after)")
    // If generated samples are recognized, the student's GAN loss is above ln 2.
    #expect(try objective.studentLoss(stage.scene()).terms[0].value.item() > log(2))
  }
}
