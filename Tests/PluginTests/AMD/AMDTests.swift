import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import AMD
@testable import Fewstep

@Suite struct AMDTests {
  /// Of two rewards the worse has ã = -1 and the better 1, here clipped to ±0.5.
  private let advantages = [-0.5, 0.5, -0.5, 0.5]

  @Test func `AMD's student loss is Equations 10 and 13 over the matching scale`() throws {
    let hand = try HandComputation()
    let s = 0.4
    let objective = AMD(.init(try settings("{sensitivity: 0.4, group-size: 2, advantage-clip: 0.5}")))
    let scene = try hand.scene()
    try expectClose(scene.advantage.values, Tensor(advantages), 1e-5)
    let loss = try objective.studentLoss(scene)
    try loss.total.backward()
    let gradient = try HandComputation.rows(#require(hand.samples.gradient))
    let (x, c) = (try HandComputation.rows(hand.samples), try HandComputation.rows(hand.conditional))
    let (u, f) = (try HandComputation.rows(hand.unconditional), try HandComputation.rows(hand.fake))
    var total = 0.0
    for i in 0..<4 {
      let (beta, alpha) = (1 - s * advantages[i], 1 + s * advantages[i])
      let omega = 1 + (hand.guidance - 1) * alpha / beta
      var distance = 0.0
      for j in 0..<2 { distance += 0.5 * Swift.abs(x[i][j] - (u[i][j] + hand.guidance * (c[i][j] - u[i][j]))) }
      for j in 0..<2 {
        let direction = beta * (c[i][j] - f[i][j]) + alpha * (hand.guidance - 1) * (c[i][j] - u[i][j])
        // The same as guidance whose strength depends on the sample.
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
    let hand = try HandComputation()
    let objective = AMD(
      .init(
        try settings(
          "{sharpening: \(sharpening), normalise-sharpening: \(normalised), group-size: 2, advantage-clip: 0.5}")))
    let scene = try hand.scene()
    let loss = try objective.fakeTeacherLoss(scene).total.item()
    let (x, f) = (try HandComputation.rows(hand.samples), try HandComputation.rows(hand.fake))
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
    let hand = try HandComputation()
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
    // All quantities are compared at these times.
    let plain = try AMD(.init(settings("group-size: 4"))).studentLoss(stage.scene().at(tilted, named: "there")).total
    #expect(try bytes(loss) == bytes(plain))
    #expect(scene.notes.map(\.name) == ["tilted-t", "alpha", "beta"])
  }

  @Test func `A sample's weight does not depend on the other groups of the batch`() throws {
    let objective = AMD(.init(try settings("{group-size: 2, sharpening: 1}")))
    func weights(_ rewards: [Float]) throws -> [Double] {
      let hand = try HandComputation()
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

  @Test func `A GAN needs a backbone with features`() throws {
    let objective = try Objectives.named("amd gan")
    let error = #expect(throws: TensorError.self) { try objective.studentLoss(Stage.images().scene()) }
    #expect(error?.description.contains("not prepared") == true)
  }
}
