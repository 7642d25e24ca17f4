import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct TimeSamplingTests {
  /// Times of 20,000 samples, sorted.
  private func drawn(_ sampling: TimeSampling, in bounds: ClosedRange<Double> = 0...1) throws -> [Double] {
    try sampling.times(Noise(seed: 4).stream("time", step: 0), 0..<20_000, in: bounds).doubles().sorted()
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  @Test func `Uniform times are the stream's own numbers, to the bit`() throws {
    let stream = Noise(seed: 4).stream("time", step: 3)
    try expectSame(
      TimeSampling.uniform.times(stream, 5..<64, in: 0.02...0.98),
      stream.uniform(5..<64, low: 0.02, high: 0.98).to(.float64))
    try expectSame(TimeSampling.uniform.times(stream, 5..<64), stream.uniform(5..<64).to(.float64))
  }

  @Test(arguments: [(0.0, 1.0), (-0.8, 0.5)])
  func `Logit-normal times have the quantiles of the sigmoid of a normal number`(_ mean: Double, _ std: Double) throws {
    let times = try drawn(.logitNormal(mean: mean, std: std))
    // Quantiles of the normal distribution.
    for (probability, z) in [(0.1, -1.2815515655), (0.25, -0.6744897502), (0.5, 0), (0.9, 1.2815515655)] {
      let expected = 1 / (1 + exp(-(mean + std * z)))
      #expect(Swift.abs(times[Int(probability * 20_000)] - expected) < 0.01, "\(probability)")
    }
  }

  @Test(arguments: [(1.5, 1.0), (2, 5), (0.5, 0.5)])
  func `Beta times have the distribution's mean and variance`(_ a: Double, _ b: Double) throws {
    let times = try drawn(.beta(BetaDistribution(a, b)))
    let (average, variance) = (a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1)))
    #expect(Swift.abs(mean(times) - average) < 0.01)
    #expect(Swift.abs(mean(times.map { ($0 - average) * ($0 - average) }) - variance) < 0.005)
  }

  @Test func `Times stay inside their bounds, and depend on the sample alone`() throws {
    for sampling in [
      TimeSampling.uniform, .logitNormal(mean: 0, std: 1), .beta(BetaDistribution(1.5, 1)),
    ] {
      let times = try drawn(sampling, in: 0.25...0.5)
      #expect(times.first! >= 0.25 && times.last! <= 0.5)
      let stream = Noise(seed: 4).stream("time", step: 0)
      try expectSame(
        sampling.times(stream, 0..<8, in: 0.1...0.9).rows(3..<8), sampling.times(stream, 3..<8, in: 0.1...0.9))
    }
  }

  @Test func `Quantiles of the beta distribution are those of its closed forms`() {
    for u in [0.001, 0.1, 0.37, 0.5, 0.8, 0.999] {
      for a in [0.5, 1, 1.5, 7] {
        #expect(Swift.abs(BetaDistribution(a, 1).quantile(u) - pow(u, 1 / a)) < 1e-10)
        #expect(Swift.abs(BetaDistribution(1, a).quantile(u) - (1 - pow(1 - u, 1 / a))) < 1e-10)
      }
      #expect(Swift.abs(BetaDistribution(0.5, 0.5).quantile(u) - pow(sin(.pi * u / 2), 2)) < 1e-10)
      let x = BetaDistribution(2, 2).quantile(u)
      #expect(Swift.abs(3 * x * x - 2 * x * x * x - u) < 1e-10)
      let skewed = BetaDistribution(100, 2)
      #expect(Swift.abs(skewed.cumulative(skewed.quantile(u)) - u) < 1e-6)
    }
    #expect(BetaDistribution(2, 3).cumulative(0) == 0 && BetaDistribution(2, 3).cumulative(1) == 1)
  }

  @Test func `A recipe's sampling reaches the comparison, the fake teacher and the discriminator`() throws {
    let recipe = try shortRecipe(["matching.sampling": "beta", "matching.sampling-beta": "[40, 1]"], objective: "dmd2")
    #expect(recipe.matching.sampling == .beta(BetaDistribution(40, 1)))
    let trainer = try Trainer(recipe)
    let draw = try trainer.draw(0)
    for role in [Role.student, .fakeTeacher] {
      let samples = try noGrad { try trainer.generate(draw, 0..<64) }
      let scene = try trainer.scene(draw, samples, 0..<64, nil, role: role, update: 0)
      #expect(try mean(scene.time.doubles()) > 0.9)
      #expect(try mean(scene.real.time.doubles()) > 0.9)
    }
    _ = try trainer.step()
  }

  @Test func `A parameter of a distribution that is not used is refused`() {
    #expect { try shortRecipe(["matching.sampling-beta": "[2, 2]"]) } throws: {
      "\($0)".contains("unknown key 'matching.sampling-beta'")
    }
    #expect {
      try shortRecipe(["matching.sampling": "logit-normal", "matching.sampling-normal": "[0, 0]"])
    } throws: { "\($0)".contains("the standard deviation must be above 0") }
  }
}
