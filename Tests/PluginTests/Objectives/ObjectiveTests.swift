import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ObjectiveTests {
  /// Losses and all gradients of an objective, on its own stage.
  private func outcome(_ name: String, guidance: Double, images: Bool) throws -> [(String, Tensor)] {
    let stage = images ? try Stage.images() : try Stage.points()
    stage.guidance = guidance
    let objective = try Objectives.named(name)
    try objective.prepare(for: stage.scenes, seed: 7)
    let student = try objective.studentLoss(stage.scene()).total
    try student.backward()
    let fake = try objective.fakeTeacherLoss(stage.scene()).total
    try fake.backward()
    var all = [("student loss", try student.detached()), ("fake teacher's loss", try fake.detached())]
    for (role, store) in [("student", stage.student.parameters), ("fake teacher", stage.fakeTeacher.parameters)] {
      for parameter in store.all { all.append(("\(role) \(parameter.name)", try #require(parameter.value.gradient))) }
    }
    return all
  }

  @Test(
    arguments: ["amd zero", "dmd2"],
    [1, 3.5])
  func `AMD without tilt and sharpening, and DMD2 without its GAN, are DMD to the bit`(
    _ name: String, _ guidance: Double
  ) throws {
    for images in [false, true] {
      let dmd = try outcome("dmd", guidance: guidance, images: images)
      let other = try outcome(name, guidance: guidance, images: images)
      #expect(dmd.map(\.0) == other.map(\.0))
      for (a, b) in zip(dmd, other) { try expectSame(a.1, b.1, a.0) }
    }
    // This does not hold for every objective.
    let (dmd, amd) = (
      try outcome("dmd", guidance: 3.5, images: false), try outcome("amd", guidance: 3.5, images: false)
    )
    #expect(try bytes(dmd[0].1) != bytes(amd[0].1))
    #expect(try bytes(dmd[1].1) != bytes(amd[1].1))
  }

  @Test(arguments: [
    "dmd", "dmd regression", "dmd2", "dmd2 gan", "dmd2 teacher", "amd", "amd remedies", "amd gan", "amd gan teacher",
    "amd gan convolutional",
    "decoupled", "reward forcing", "sid",
  ])
  func `Gradients reach the role that is updated, all of it, and no other`(_ name: String) throws {
    let stage = try Stage.images()
    stage.guidance = 2
    let objective = try Objectives.named(name)
    try objective.prepare(for: stage.scenes, seed: 7)
    #expect((objective.parameters != nil) == (name.contains("gan") || name.contains("teacher")))
    let teacher = try #require(stage.teacher as? any Trainable).parameters
    let stores =
      [
        ("student", stage.student.parameters), ("fake teacher", stage.fakeTeacher.parameters), ("teacher", teacher),
      ] + (objective.parameters.map { [("head", $0)] } ?? [])

    func expectGradients(in moving: [String], _ update: String) throws {
      for (role, store) in stores {
        for parameter in store.all {
          let norm = try parameter.value.gradient.map { try $0.norm().item() }
          if moving.contains(role) {
            #expect((norm ?? 0) > 0, "\(update): \(role) \(parameter.name) \(norm ?? -1)")
          } else {
            #expect(norm == nil, "\(update): \(role) \(parameter.name) \(norm ?? -1)")
          }
          try parameter.value.setGradient(nil)
        }
        #expect(store.trainable.count == (role == "teacher" ? 0 : store.all.count))
      }
    }
    try objective.studentLoss(stage.scene(pairs: true)).total.backward()
    try expectGradients(in: ["student"], "student's update")
    // The samples have their graph here, so the loss itself must cut it.
    try objective.fakeTeacherLoss(stage.scene()).total.backward()
    try expectGradients(in: ["fake teacher", "head"], "fake teacher's update")
  }
}
