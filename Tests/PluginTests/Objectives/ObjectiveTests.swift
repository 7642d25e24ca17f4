import Foundation
import Networks
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

@Suite struct ObjectiveTests {
  // MARK: What DMD's variants have in common

  /// Losses and all gradients that an objective gives on a stage of its own.
  private func outcome(_ name: String, guidance: Double, images: Bool) throws -> [(String, Tensor)] {
    let stage = images ? try Stage.images() : try Stage.points()
    stage.guidance = guidance
    let objective = try Objectives.named(name)
    try objective.prepare(for: stage.backbone, seed: 7)
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
    // Which would not be so of any objective.
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
    try objective.prepare(for: stage.backbone, seed: 7)
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
    // The samples have their graph here, so that the loss itself must cut it.
    try objective.fakeTeacherLoss(stage.scene()).total.backward()
    try expectGradients(in: ["fake teacher", "head"], "fake teacher's update")
  }

  // MARK: The equations

  /// Four samples in two groups and constant teachers, so that everything can be computed by hand.
  private struct Hand {
    let samples: Tensor
    let conditional: Tensor
    let unconditional: Tensor
    let fake: Tensor
    let noise: Tensor
    let rewards: Tensor
    let guidance = 3.0

    init() throws {
      samples = try Tensor([0.5, 1, -1, 0, 2, -2, 0.25, 0.75], shape: [4, 2]).to(.float32).requiringGrad()
      conditional = try Tensor([1, 1, 0, 1, 1, -1, 0.5, 0.5], shape: [4, 2]).to(.float32)
      unconditional = try Tensor([0.5, 0, 0.5, 1, 2, -1, 0, 0], shape: [4, 2]).to(.float32)
      fake = try Tensor([0, 1, -0.5, 0.5, 1, -2, 0.5, 1], shape: [4, 2]).to(.float32)
      noise = try normal("hand", [4, 2])
      rewards = try Tensor([Float(1), 2, -3, 5])
    }

    func scene() throws -> Scene {
      Scene(
        samples: samples, condition: try Condition(classes: [0, 0, 1, 1]), time: try Tensor([0.2, 0.4, 0.6, 0.8]),
        noise: noise, matching: Matching(guidance: Guidance(guidance)),
        teacher: FormulaDenoiser.constant(conditional, unconditional),
        fakeTeacher: FormulaDenoiser.constant(fake), unconditional: { $0 },
        batchRewards: try BatchRewards(rewards: rewards, groupAdvantage: GroupAdvantage(groupSize: 2, clip: 0.5)))
    }

    /// Rows of a tensor.
    static func rows(_ tensor: Tensor) throws -> [[Double]] {
      let flat = try tensor.detached().doubles()
      return stride(from: 0, to: flat.count, by: 2).map { Array(flat[$0..<$0 + 2]) }
    }
  }

  /// Of two rewards the worse has ã = -1 and the better 1, here clipped to a half.
  private let advantages = [-0.5, 0.5, -0.5, 0.5]

  @Test func `AMD's student loss is Equations 10 and 13 over the matching scale`() throws {
    let hand = try Hand()
    let s = 0.4
    let objective = AMD(.init(try settings("{sensitivity: 0.4, group-size: 2, advantage-clip: 0.5}")))
    let scene = try hand.scene()
    try expectClose(scene.advantage.values, Tensor(advantages), 1e-5)
    let loss = try objective.studentLoss(scene)
    try loss.total.backward()
    let gradient = try Hand.rows(#require(hand.samples.gradient))
    let (x, c) = (try Hand.rows(hand.samples), try Hand.rows(hand.conditional))
    let (u, f) = (try Hand.rows(hand.unconditional), try Hand.rows(hand.fake))
    var total = 0.0
    for i in 0..<4 {
      let (beta, alpha) = (1 - s * advantages[i], 1 + s * advantages[i])
      let omega = 1 + (hand.guidance - 1) * alpha / beta
      var distance = 0.0
      for j in 0..<2 { distance += 0.5 * Swift.abs(x[i][j] - (u[i][j] + hand.guidance * (c[i][j] - u[i][j]))) }
      for j in 0..<2 {
        let direction = beta * (c[i][j] - f[i][j]) + alpha * (hand.guidance - 1) * (c[i][j] - u[i][j])
        // The same, as guidance of a strength of the sample's own.
        let guided = beta * ((c[i][j] - f[i][j]) + (omega - 1) * (c[i][j] - u[i][j]))
        #expect(Swift.abs(direction - guided) < 1e-12)
        #expect(Swift.abs(gradient[i][j] + direction / distance / 8) < 1e-5)
        total += 0.5 * pow(direction / distance, 2) / 8
      }
    }
    #expect(Swift.abs(try loss.total.item() - total) < 1e-5)
    let notes = Dictionary(uniqueKeysWithValues: scene.notes.map { ($0.name, $0.values) })
    try expectClose(#require(notes["alpha"]), Tensor(advantages.map { 1 + s * $0 }), 1e-5)
    try expectClose(#require(notes["beta"]), Tensor(advantages.map { 1 - s * $0 }), 1e-5)
  }

  @Test(arguments: [true, false], [1, 0.5])
  func `AMD's fake teacher's loss weighs errors by Equation 14`(_ normalised: Bool, _ sharpening: Double) throws {
    let hand = try Hand()
    let objective = AMD(
      .init(
        try settings(
          "{sharpening: \(sharpening), normalise-sharpening: \(normalised), group-size: 2, advantage-clip: 0.5}")))
    let scene = try hand.scene()
    let loss = try objective.fakeTeacherLoss(scene).total.item()
    let (x, f) = (try Hand.rows(hand.samples), try Hand.rows(hand.fake))
    let mean = normalised ? (exp(0.5 * sharpening) + exp(-0.5 * sharpening)) / 2 : 1
    var total = 0.0
    for i in 0..<4 {
      let error = (0..<2).reduce(0) { $0 + 0.5 * pow(x[i][$1] - f[i][$1], 2) }
      total += exp(-sharpening * advantages[i]) / mean * error / 4
    }
    #expect(Swift.abs(loss - total) < 1e-5)
    let weight = try #require(scene.notes.first { $0.name == "weight" }).values
    try expectClose(weight, Tensor(advantages.map { exp(-sharpening * $0) / mean }), 1e-5)
  }

  @Test func `AMD's scalar adaptation is DMD's direction times β`() throws {
    let hand = try Hand()
    let objective = AMD(
      .init(try settings("{adaptation: scalar, sensitivity: 0.4, group-size: 2, advantage-clip: 0.5}")))
    let scene = try hand.scene()
    try objective.studentLoss(scene).total.backward()
    let beta = try Tensor(advantages.map { 1 - 0.4 * $0 }).to(.float32).unsqueezed(1)
    let direction = try beta * (scene.distributionMatching + scene.conditionalAlignment)
    try expectClose(#require(hand.samples.gradient), -1.0 / 8 * direction / scene.scale, 1e-5)
  }

  @Test func `A noise tilt compares bad samples in more noise and good ones in less, inside the bounds`() throws {
    let stage = try Stage.points()
    stage.guidance = 2
    let scene = try stage.scene()
    let loss = try AMD(.init(settings("{noise-tilt: 1.5, group-size: 4}"))).studentLoss(scene).total
    let (time, a) = (try scene.time.doubles(), try scene.advantage.values.doubles())
    let tilted = try #require(scene.notes.first { $0.name == "tilted-t" }).values
    let expected = zip(time, a).map { t, a in 0.02 + 0.96 * pow((t - 0.02) / 0.96, exp(1.5 * a)) }
    try expectClose(tilted, Tensor(expected), 1e-5)
    #expect(zip(zip(time, expected), a).allSatisfy { ($0.1 - $0.0) * $1 <= 0 && (0.02...0.98).contains($0.1) })
    // Everything that is compared is compared there.
    let plain = try AMD(.init(settings("group-size: 4"))).studentLoss(stage.scene().at(tilted, named: "there")).total
    #expect(try bytes(loss) == bytes(plain))
    #expect(scene.notes.map(\.name) == ["tilted-t", "alpha", "beta"])
  }

  @Test func `A sample's weight does not depend on the other groups of the batch`() throws {
    let objective = AMD(.init(try settings("{group-size: 2, sharpening: 1}")))
    func weights(_ rewards: [Float]) throws -> [Double] {
      let hand = try Hand()
      let scene = Scene(
        samples: hand.samples, condition: try Condition(classes: [0, 0, 1, 1]), time: try times("time", 4),
        noise: hand.noise, matching: Matching(), teacher: FormulaDenoiser.constant(hand.conditional),
        fakeTeacher: FormulaDenoiser.constant(hand.fake),
        batchRewards: try BatchRewards(
          rewards: Tensor(rewards), groupAdvantage: GroupAdvantage(groupSize: 2, epsilon: 1)))
      _ = try objective.fakeTeacherLoss(scene)
      return try #require(scene.notes.first { $0.name == "weight" }).values.doubles()
    }
    let (a, b) = (try weights([1, 2, 3, 4]), try weights([1, 2, 30, 0]))
    #expect(a[0...1] == b[0...1])
    #expect(a[2...3] != b[2...3])
  }

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
    // In the first step there is nothing to keep apart.
    let (first, dmd) = (
      try DecoupledDMD().studentLoss(plain).total, try Objectives.named("dmd").studentLoss(plain).total
    )
    #expect(Swift.abs(try first.item() - dmd.item()) < 1e-6)
  }

  @Test
  func `Reward Forcing weighs directions by exp(r / β) over the batch's mean, whatever the parts it is worked off in`()
    throws
  {
    let hand = try Hand()
    let rewards = [1.0, 2, -3, 5]
    let std = (rewards.reduce(0) { $0 + pow($1 - 1.25, 2) } / 4).squareRoot()
    for (isStandardised, unit) in [(true, std), (false, 1)] {
      let objective = RewardForcing(.init(try settings("{temperature: 0.5, standardise: \(isStandardised)}")))
      let raw = rewards.map { exp($0 / unit / 0.5) }
      let expected = raw.map { 4 * $0 / raw.reduce(0, +) }
      let scene = try hand.scene()
      try objective.studentLoss(scene).total.backward()
      let weights = try #require(scene.notes.first { $0.name == "reward-weight" }).values
      try expectClose(weights, Tensor(expected), 1e-5)
      let direction = try scene.distributionMatching + scene.conditionalAlignment
      try expectClose(
        #require(hand.samples.gradient), -1.0 / 8 * weights.unsqueezed(1) * direction / scene.scale, 1e-5)
      try hand.samples.setGradient(nil)
      let half = Scene(
        samples: try hand.samples.rows(2..<4), condition: try Condition(classes: [1, 1]), time: try Tensor([0.6, 0.8]),
        noise: try hand.noise.rows(2..<4), matching: Matching(),
        teacher: FormulaDenoiser.constant(try hand.conditional.rows(2..<4)),
        fakeTeacher: FormulaDenoiser.constant(try hand.fake.rows(2..<4)),
        batchRewards: try BatchRewards(rewards: hand.rewards, groupAdvantage: #require(objective.groupAdvantage)),
        range: 2..<4)
      _ = try objective.studentLoss(half)
      try expectSame(#require(half.notes.first { $0.name == "reward-weight" }).values, weights.rows(2..<4))
    }
    #expect(try scaleOfWeights([1e30, -1e30, 0, 0]) <= 4)
    #expect(try scaleOfWeights([7, 7, 7, 7]) == 1)
  }

  /// The largest weight that Reward Forcing makes of rewards.
  private func scaleOfWeights(_ rewards: [Float]) throws -> Double {
    let hand = try Hand()
    let scene = Scene(
      samples: hand.samples, condition: try Condition(classes: [0, 0, 1, 1]), time: try times("time", 4),
      noise: hand.noise, matching: Matching(), teacher: FormulaDenoiser.constant(hand.conditional),
      fakeTeacher: FormulaDenoiser.constant(hand.fake),
      batchRewards: try BatchRewards(rewards: Tensor(rewards), groupAdvantage: GroupAdvantage(groupSize: 1)))
    _ = try RewardForcing(.init(settings("temperature: 0.01"))).studentLoss(scene)
    return try #require(scene.notes.first { $0.name == "reward-weight" }).values.doubles().max() ?? 0
  }

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

  @Test func `The GAN's terms are softplus losses of real and generated samples, weighted`() throws {
    let stage = try Stage.images()
    let objective = DMD2(.init(try settings("gan: {student-weight: 0.5, discriminator-weight: 0.25}")))
    try objective.prepare(for: stage.backbone, seed: 7)
    let plain = try Objectives.named("dmd")
    let student = try objective.studentLoss(stage.scene())
    #expect(student.terms.map(\.name) == ["gan"])
    let gan = try student.terms[0].value.item()
    // Before training a logit is small: softplus is about ln 2.
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
    try objective.prepare(for: stage.backbone, seed: 7)
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
    // Where generated samples are recognised, the student's GAN loss is above ln 2.
    #expect(try objective.studentLoss(stage.scene()).terms[0].value.item() > log(2))
  }

  @Test func `A GAN needs a backbone with features`() throws {
    let objective = try Objectives.named("amd gan")
    let error = #expect(throws: TensorError.self) { try objective.studentLoss(Stage.images().scene()) }
    #expect(error?.description.contains("not prepared") == true)
  }
}
