import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import GaussianMixture

@Suite struct MixtureTests {
  /// log p(x_t) in float64, component by component; class `mixture.classes` means all components.
  private func logDensity(_ x: Tensor, _ mixture: Mixture, _ alpha: Double, _ sigma: Double, _ label: Int) throws
    -> Tensor
  {
    var terms = [Tensor]()
    for (index, mean) in mixture.means.enumerated() where label == mixture.classes || mixture.labels[index] == label {
      let variance = pow(alpha * mixture.stds[index], 2) + sigma * sigma
      let distance = try (x - Tensor(mean.map { $0 * alpha })).squared().sum([1])
      let constant = log(mixture.weights[index]) - 0.5 * Double(mean.count) * log(2 * .pi * variance)
      terms.append(try distance * (-0.5 / variance) + constant)
    }
    return try stacked(terms, 1).logSumExp([1])
  }

  @Test(arguments: [1, 2, 5])
  func `The exact teacher's samples follow from the score of the noised density by Tweedie's formula`(_ dimension: Int)
    throws
  {
    let mixture = unevenMixture(dimension)
    for schedule in [RectifiedFlow(), ContinuousVP(), EDM(sigmaMaximum: 5)] as [any NoiseSchedule] {
      let teacher = try GaussianMixture(mixture, schedule: schedule).teacher()
      for time in [0.05, 0.3, 0.6, 0.9] {
        let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
        let noisy = try normal("tweedie", [16, dimension]).to(.float64) * (alpha + sigma)
        for label in 0...mixture.classes {
          let x = try noisy.cloned().requiringGrad()
          try sum(logDensity(x, mixture, alpha, sigma, label)).backward()
          let score = try #require(x.gradient)
          let expected = try (noisy + sigma * sigma * score) / alpha
          let made = try teacher.denoise(
            from: noisy.to(.float32), at: .full([16], time, .float64),
            given: Condition(classes: Array(repeating: label, count: 16)))
          try expectClose(made, expected, 2e-4, "at \(time), class \(label)")
        }
      }
    }
  }

  @Test func `In one dimension the exact teacher's samples are the posterior mean by quadrature`() throws {
    let mixture = unevenMixture(1)
    let schedule = RectifiedFlow()
    let teacher = try GaussianMixture(mixture, schedule: schedule).teacher()
    let grid = (0...2000).map { -8 + 16 * Double($0) / 2000 }
    for time in [0.1, 0.5, 0.85] {
      let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
      for label in 0...mixture.classes {
        for noisy in [-1.7, -0.2, 0.4, 2.1] {
          var (mass, moment) = (0.0, 0.0)
          for x in grid {
            var density = 0.0
            for (index, mean) in mixture.means.enumerated()
            where label == mixture.classes || mixture.labels[index] == label {
              let std = mixture.stds[index]
              density += mixture.weights[index] / std * exp(-0.5 * pow((x - mean[0]) / std, 2))
            }
            let likelihood = exp(-0.5 * pow((noisy - alpha * x) / sigma, 2))
            mass += density * likelihood
            moment += x * density * likelihood
          }
          let made = try teacher.denoise(
            from: Tensor([Float(noisy)], shape: [1, 1]), at: Tensor([time]), given: Condition(classes: [label]))
          #expect(Swift.abs(try made.item() - moment / mass) < 1e-4, "at \(time), class \(label), \(noisy)")
        }
      }
    }
  }

  @Test func `The density reward is the logarithm of a density whose integral is one, class by class`() throws {
    let mixture = unevenMixture(2)
    let reward = try DensityReward(mixture)
    let side = 81
    let axis = (0..<side).map { -8 + 0.2 * Double($0) }
    let points = axis.flatMap { y in axis.flatMap { x in [x, y] } }
    let grid = try Tensor(points, shape: [side * side, 2]).to(.float32)
    for label in 0..<mixture.classes {
      let condition = try Condition(classes: Array(repeating: label, count: side * side))
      let density = try exp(reward.score(grid, pixels: nil, given: condition))
      #expect(Swift.abs(try sum(density.to(.float64)).item() * 0.04 - 1) < 1e-3)
      let expected = try logDensity(grid.to(.float64), mixture, 1, 0, label)
      let prior = log(zip(mixture.weights, mixture.labels).reduce(0) { $0 + ($1.1 == label ? $1.0 : 0) })
      try expectClose(
        reward.score(grid, pixels: nil, given: condition).rows(3000..<4000),
        (expected - prior).rows(3000..<4000), 2e-3)
    }
  }

  @Test func `The posterior of the class is Bayes' rule`() throws {
    let mixture = unevenMixture(2)
    let points = try normal("posterior", [50, 2])
    let made = try MixtureFeatures(mixture, on: .cpu).features(points, pixels: nil)
    try expectSame(made.features, points)
    let joint = try stacked((0..<mixture.classes).map { try logDensity(points.to(.float64), mixture, 1, 0, $0) }, 1)
    try expectClose(exp(made.logProbabilities), joint.softmax(1), 1e-4)
  }

  @Test func `Samples of a mixture have its classes' shares, means and variances`() throws {
    let mixture = unevenMixture(2)
    let count = 20_000
    let data = try MixtureData(mixture, count: count, seed: 3)
    let (samples, condition) = try data.batch(Array(0..<count))
    for label in 0..<mixture.classes {
      let positions = condition.promptIDs.indices.filter { condition.promptIDs[$0] == label }
      let share = zip(mixture.weights, mixture.labels).reduce(0) { $0 + ($1.1 == label ? $1.0 : 0) }
      #expect(Swift.abs(Double(positions.count) / Double(count) - share) < 0.015)
      try expectMoments(of: samples.selected(Tensor(positions)), mixture, label)
    }
    // A sample is a function of its position.
    try expectSame(data.batch([5, 17]).samples, samples.selected(Tensor([5, 17])))
  }
}
