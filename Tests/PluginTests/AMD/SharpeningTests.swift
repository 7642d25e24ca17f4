import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import AMD
@testable import Fewstep

/// Repulsive Landscape Sharpening as a tilt.
@Suite struct SharpeningTests {
  /// The mass at +1 that its own tilt keeps stable: m/(1-m) = exp(ã₊ - ã₋), by bisection.
  private func predictedMass() -> Double {
    var (low, high) = (0.5, 0.99)
    for _ in 0..<60 {
      let m = (low + high) / 2
      let std = (m * (1 - m)).squareRoot()
      let gap = min(1, (1 - m) / std) - max(-1, -m / std)
      if m / (1 - m) < exp(gap) { low = m } else { high = m }
    }
    return low
  }

  /// x̂0 for a mixture of Gaussians with the same standard deviation on the line.
  private func mixture(_ means: Tensor, _ weights: Tensor, _ std: Double) -> FormulaDenoiser {
    FormulaDenoiser { noisy, alpha, sigma, _ in
      let variance = try alpha.squared() * (std * std) + sigma.squared()  // [B, 1]
      let distance = try (noisy - alpha * means.unsqueezed(0)).squared()  // [B, K]
      let posterior = try (log(weights) - 0.5 * distance / variance).softmax(1)
      let gain = try alpha * (std * std) / variance
      let centre = try matmul(posterior, means.unsqueezed(1))
      return try centre + gain * (noisy - alpha * centre)
    }
  }

  private let modes = [-1.0, 1]

  private func tilted(_ sharpening: Int) throws -> AMD {
    AMD(
      .init(try settings("{sensitivity: 0, sharpening: \(sharpening), group-size: 1000, normalise-sharpening: true}")))
  }

  /// AMD's mean direction, for a student with this share of its samples at +1 and the fake teacher that minimizes AMD's
  /// own loss.
  private func drift(_ share: Double, _ objective: AMD) throws -> Double {
    let count = 1000
    let std = 0.2
    let right = Int((share * Double(count)).rounded())
    let labels = (0..<count).map { $0 < right ? 1 : 0 }
    let centres = try Tensor(labels.map { Float(modes[$0]) }).unsqueezed(1)
    let samples = try (centres + std * normal("drift", [count, 1])).requiringGrad()
    let rewards = try samples.detached().greater(than: 0).to(.float32).squeezed(1)
    let means = try Tensor(modes.map(Float.init))
    func scene(_ fake: FormulaDenoiser) throws -> Scene {
      Scene(
        samples: samples, condition: try Condition(classes: Array(repeating: 0, count: count)),
        time: try Noise(seed: 3).stream("time", step: 0).uniform(0..<count, low: 0.02, high: 0.98).to(.float64),
        noise: try normal("drift noise", [count, 1]), matching: Matching(scale: .none),
        teacher: mixture(means, try Tensor([Float(0.5), 0.5]), std), fakeTeacher: fake,
        batchRewards: try BatchRewards(rewards: rewards, groupAdvantage: GroupAdvantage(groupSize: count)))
    }
    // Errors count according to their weights: the minimizer is the mixture with weighted masses.
    let asked = try scene(mixture(means, Tensor([Float(0.5), 0.5]), std))
    _ = try objective.fakeTeacherLoss(asked)
    let weights = try #require(asked.notes.first { $0.name == "weight" }).values.doubles()
    var masses = [0.0, 0]
    for (label, weight) in zip(labels, weights) { masses[label] += weight / Double(count) }
    #expect(Swift.abs(masses[0] + masses[1] - 1) < 1e-5)
    let weighted = mixture(means, try Tensor(masses).to(.float32), std)
    try objective.studentLoss(scene(weighted)).total.backward()
    return -(try sum(#require(samples.gradient)).item())
  }

  @Test func `Sharpening is at rest where the student is tilted by its own advantages, and nowhere else`() throws {
    let target = predictedMass()
    #expect(Swift.abs(target - 0.814) < 5e-4)
    func rest(_ objective: AMD) throws -> Double {
      var (low, high) = (0.3, 0.95)
      for _ in 0..<9 {
        let middle = (low + high) / 2
        if try drift(middle, objective) > 0 { low = middle } else { high = middle }
      }
      return (low + high) / 2
    }
    #expect(Swift.abs(try rest(tilted(1)) - target) < 0.004)
    #expect(Swift.abs(try rest(tilted(0)) - 0.5) < 0.004)
  }

  @Test func `Particles that follow sharpened AMD gather at the rewarded mode as far as predicted, and DMD's do not`()
    throws
  {
    let (count, std, bandwidth) = (256, 0.35, 0.12)
    let target = mixture(try Tensor([Float(-1), 1]), try Tensor([Float(0.5), 0.5]), std)
    func mass(_ objective: AMD) throws -> Double {
      let store = ParameterStore(.random(seed: 0))
      let places = try store.root.parameter("places", [count, 1], .zeros)
      try noGrad {
        let centres = try Tensor((0..<count).map { Float($0 % 2 == 0 ? -1 : 1) }).unsqueezed(1)
        try places.value.copy(from: centres + std * normal("particles", [count, 1]))
      }
      let optimizer = try AdamW([places], AdamW.Settings(learningRate: 0.03, betas: [0.8, 0.95], weightDecay: 0))
      var share = 0.0
      let steps = 500
      for step in 0..<steps {
        let noise = Noise(seed: step)
        let samples = try places.value + bandwidth * noise.stream("z", step: 0).normal(0..<count, [1])
        let rewards = try samples.detached().greater(than: 0).to(.float32).squeezed(1)
        let batchRewards = try BatchRewards(rewards: rewards, groupAdvantage: GroupAdvantage(groupSize: count))
        func scene(_ fake: FormulaDenoiser, _ purpose: String) throws -> Scene {
          Scene(
            samples: samples, condition: try Condition(classes: Array(repeating: 0, count: count)),
            time: try noise.stream("\(purpose) time", step: 0).uniform(0..<count, low: 0.1, high: 0.98).to(.float64),
            noise: try noise.stream("\(purpose) noise", step: 0).normal(0..<count, [1]), matching: Matching(),
            teacher: target, fakeTeacher: fake, batchRewards: batchRewards)
        }
        // The student is a mixture with a narrow component per particle; so is its minimizer, but weighted.
        let asked = try scene(target, "fake")
        _ = try objective.fakeTeacherLoss(asked)
        let weights = try #require(asked.notes.first { $0.name == "weight" }).values
        let fake = mixture(try places.value.detached().cloned().squeezed(1), try weights / Double(count), bandwidth)
        try objective.studentLoss(scene(fake, "student")).total.backward()
        try optimizer.step(factor: LearningRateSchedule(.cosine, total: steps, floor: 0.1).factor(at: step))
        if step >= steps - 50 { share += try Tensors.mean(rewards).item() / 50 }
      }
      return share
    }
    let sharpened = AMD(.init(try settings("{sensitivity: 0, sharpening: 1, group-size: \(count)}")))
    let plain = AMD(.init(try settings("{sensitivity: 0, sharpening: 0, group-size: \(count)}")))
    let (tilted, even) = (try mass(sharpened), try mass(plain))
    #expect(Swift.abs(tilted - predictedMass()) < 0.03, "\(tilted)")
    #expect(Swift.abs(even - 0.5) < 0.03, "\(even)")
  }
}
