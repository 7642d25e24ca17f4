import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import GaussianMixture

@Suite struct SpuriousModeTests {
  @Test func `A spurious mode misleads the teacher, less so the more noise is added, and leaves the data alone`() throws
  {
    let ring = Mixture.ring(4, radius: 2, std: 0.2, classes: 2)
    let mode = SpuriousMode(mean: [0, 0.5], std: 0.3, weight: 0.3)
    let honest = GaussianMixture(ring, schedule: RectifiedFlow())
    let misled = GaussianMixture(ring, spuriousMode: mode, schedule: RectifiedFlow())
    #expect(misled.mixture.means == ring.means)
    for label in 0...2 {
      let condition = try Condition(classes: [label])
      let errors = try [0.1, 0.95].map { time in
        let noisy = try Tensor([0, 0.5 * (1 - time)], shape: [1, 2]).to(.float32)
        let at = try Tensor([time])
        let seen = try misled.teacher().denoise(from: noisy, at: at, given: condition)
        if time < 0.5 { try expectClose(seen, Tensor([0, 0.5], shape: [1, 2]).to(.float32), 0.01) }
        let wrong = try seen - honest.teacher().denoise(from: noisy, at: at, given: condition)
        // Converted to a score, by the factor α/σ².
        return try wrong.squared().sum([0, 1]).power(0.5).item() * (1 - time) / (time * time)
      }
      #expect(errors[0] > 10 * errors[1], "\(errors)")
    }
  }

  @Test func `A spurious mode has its share of every class, whatever the classes' own masses`() throws {
    let mixture = unevenMixture(2).adding(SpuriousMode(mean: [0, 0], std: 1, weight: 0.25))
    for label in 0..<3 {
      let own = zip(mixture.labels, mixture.weights).filter { $0.0 == label }.map(\.1)
      #expect(abs(own.last! / own.reduce(0, +) - 0.25) < 1e-12)
    }
  }

  @Test
  func `A warm start leaves student and fake teacher with the same weights, near the teacher they learnt from`() throws
  {
    let network = GaussianMixture.Network(width: 32, layers: 2, embedding: 8, warmStart: 150)
    let backbone = GaussianMixture(
      .ring(4, radius: 2, std: 0.3, classes: 2), network: network, schedule: RectifiedFlow())
    let student = try backbone.trainable(.student, adapters: false, seed: 1)
    let fake = try backbone.trainable(.fakeTeacher, adapters: false, seed: 2)
    for (a, b) in zip(student.parameters.state, fake.parameters.state) { try expectSame(a.tensor, b.tensor, a.name) }
    let noise = try normal("warm start", [64, 2])
    let condition = try Condition(classes: (0..<64).map { $0 % 2 })
    let time = try Tensor.full([64], 0.6, .float64)
    let wanted = try backbone.teacher().denoise(from: noise, at: time, given: condition)
    let random = try GaussianMixture(backbone.mixture, schedule: RectifiedFlow()).trainable(
      .student, adapters: false, seed: 1)
    let errors = try noGrad {
      try [student, random].map { try mse($0.denoise(from: noise, at: time, given: condition), wanted).item() }
    }
    #expect(errors[0] < 0.3 * errors[1], "\(errors)")
  }
}
