import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import Files
@testable import Metrics

/// A case of features.json, which Fixtures/make_features.py wrote with torch-fidelity, NumPy and SciPy.
private struct FeatureCase: Decodable, CustomTestStringConvertible {
  let name: String
  let frechetDistance: Double
  let kernelDistance: Double
  let precision: Double
  let recall: Double
  let density: Double
  let coverage: Double
  let cmmd: Double
  let kernelDistanceOfSubsets: Double?
  let deviationOfSubsets: Double?

  var testDescription: String { name }
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

  func features(_ side: String) throws -> Tensor {
    try Weights.open(Self.folder + "/features.safetensors").tensor("\(name)/\(side)")
  }

  static func all() throws -> [FeatureCase] {
    try JSONDecoder().decode(
      [FeatureCase].self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/features.json")))
  }
}

@Suite struct FeatureMeasuresTests {
  private func normal(_ count: Int, _ dimension: Int, _ purpose: String, step: Int = 0) throws -> Tensor {
    try Noise(seed: 8).stream(purpose, step: step).normal(0..<count, [dimension]).to(.float64)
  }

  private func expect(_ value: Double, _ expected: Double, within relative: Double) {
    let bound: Double = relative * Swift.max(Swift.abs(expected), 1e-3)
    #expect(Swift.abs(value - expected) <= bound)
  }

  @Test(arguments: try FeatureCase.all())
  private func `All measures are torch-fidelity's and the papers' on the same features`(_ example: FeatureCase) throws {
    let (real, generated) = try (example.features("real"), example.features("generated"))
    let scores = try FeatureMeasures(real: real)(generated)
    expect(scores.frechetDistance.value, example.frechetDistance, within: 1e-6)
    expect(scores.kernelDistance.value, example.kernelDistance, within: 1e-6)
    expect(scores.precision.value, example.precision, within: 1e-6)
    expect(scores.recall.value, example.recall, within: 1e-6)
    expect(scores.density.value, example.density, within: 1e-12)
    expect(scores.coverage.value, example.coverage, within: 1e-12)
    expect(try CMMD(to: real)(generated).value, example.cmmd, within: 1e-6)
    for (_, estimate) in scores.named {
      let interval = try #require(estimate.interval)
      #expect(interval.contains(estimate.value) && interval.lowerBound < interval.upperBound)
    }
    if let mean = example.kernelDistanceOfSubsets, let std = example.deviationOfSubsets {
      // 400 overlapping subsets.
      let bound: Double = std / 5
      #expect(Swift.abs(scores.kernelDistance.value - mean) < bound)
    }
  }

  @Test
  func `The kernel distance of two pairs of numbers is what one computes by hand, and tiles change nothing`() throws {
    // k = (xy + 1)³: 1 between 0 and 1; 27 between 1 and 2; 1, 1, 8, 27 between the sets. 1 + 27 - 2 · 37/4.
    let distance = try KernelDistance(to: Tensor([0.0, 1]))(Tensor([1.0, 2]))
    #expect(distance.value == 9.5)
    let (a, b) = try (normal(1100, 2, "a"), normal(1030, 2, "b"))
    func sums(_ x: Tensor, _ y: Tensor) throws -> Double { try sum(Kernel.cubic(x, y)).item() }
    func within(_ x: Tensor) throws -> Double {
      let diagonal: Double = try sum((x.squared().sum([1]) / 2 + 1).power(3)).item()
      let pairs = Double(x.shape[0] * (x.shape[0] - 1))
      return (try sums(x, x) - diagonal) / pairs
    }
    let between: Double = try sums(a, b) / 1_133_000
    let whole: Double = try within(a) + within(b) - between - between
    expect(try KernelDistance(to: a)(b).value, whole, within: 1e-9)
  }

  @Test func `CMMD of two points is the kernel's closed form, and of a set with itself zero`() throws {
    let (a, b) = try (Tensor([1.0, 0, 1, 0], shape: [2, 2]), Tensor([0.0, 1, 0, 1], shape: [2, 2]))
    // |x - y|² = 2: 2000 (1 - exp(-2/200)).
    let expected: Double = -2000 * Foundation.expm1(-0.01)
    expect(try CMMD(to: a)(b).value, expected, within: 1e-9)
    #expect(Swift.abs(try CMMD(to: a)(a).value) < 1e-9)
    #expect(try CMMD(to: a)(b).warning != CMMD(to: a)(b * 2).warning)
  }

  @Test func `Density counts balls, coverage the balls that are reached`() throws {
    // Balls of radius 1, 1, 2, 4 around 0, 1, 3, 7.
    let real = try FeatureManifold(Tensor([0.0, 1, 3, 7]), neighbours: 1)
    let both = try DensityCoverage(real: real, generated: Tensor([0.5, 1.5, 20]))
    // 0.5 is in two balls, 1.5 in those around 1 and 3, 20 in none.
    #expect(both.density.value == 4.0 / 3 && both.coverage.value == 0.75)
  }

  @Test func `Intervals are as wide as values vary from one generated set to the next`() throws {
    let real = try normal(300, 4, "real")
    let measures = try FeatureMeasures(real: real)
    let all = try (0..<24).map { try measures(normal(200, 4, "generated", step: $0) * 1.2 + 0.5).named }
    for place in [0, 1, 2, 4] {
      let values = all.map { $0[place].1.value }
      let mean = values.reduce(0, +) / 24
      let squares: [Double] = values.map { ($0 - mean) * ($0 - mean) }
      let std: Double = (squares.reduce(0, +) / 23).squareRoot()
      let widths: [Double] = all.compactMap { $0[place].1.interval }.map { $0.upperBound - $0.lowerBound }
      // The central 95% of a normal distribution is 3.92 standard deviations wide.
      let ratio: Double = widths.reduce(0, +) / 24 / 3.92 / std
      // 24 values give their standard deviation to 15%.
      #expect((0.6...1.6).contains(ratio), "\(all[0][place].0): \(ratio)")
    }
  }

  @Test func `The Fréchet distance's bias is foreseen: two sets of one distribution, and of two`() throws {
    // 8 (1.5 - 1)²
    let truths: [(Double, Double)] = [(1, 0), (1.5, 2)]
    for (scale, truth) in truths {
      var value = 0.0
      var bias = 0.0
      for step in 0..<20 {
        let estimate = try FrechetDistance(to: FeatureStatistics(normal(200, 8, "a", step: step)))(
          normal(100, 8, "b", step: step) * scale, nil)
        value += estimate.value / 20
        bias += try #require(estimate.bias) / 20
      }
      let error: Double = Swift.abs(value - truth - bias)
      let bound: Double = 0.3 * bias
      #expect(error < bound, "\(value) \(bias)")
    }
  }

  @Test func `Too few samples are a warning that says what follows; many are none`() throws {
    let few = try FeatureMeasures(real: normal(12, 20, "a"))(normal(12, 20, "b"))
    #expect(few.frechetDistance.warning?.contains("full rank") == true)
    #expect(few.frechetDistance.interval == nil && few.frechetDistance.bias == nil)
    #expect(few.kernelDistance.warning?.hasPrefix("12 real and 12 generated") == true)
    let near = try FeatureMeasures(real: normal(100, 4, "a"))(normal(100, 4, "b"))
    #expect(near.frechetDistance.warning?.contains("bias") == true)
    let many = try FeatureMeasures(real: normal(1000, 1, "a"))(normal(1000, 1, "b") + 3)
    #expect(many.named.allSatisfy { $0.1.warning == nil })
    #expect(Warnings.lines([("a", "x"), ("b", nil), ("c", "y"), ("d", "x")]) == ["a; d: x", "c: y"])
  }

  @Test func `Resamples are the same each time, keep the number of samples, and want as many values`() throws {
    let resamples = try Resamples(of: 50)
    let weights = try resamples.weights(of: 0..<50, on: .cpu)
    #expect(try weights.sum([1]).doubles().allSatisfy { $0 == 50 })
    #expect(try weights.doubles() == Resamples(of: 50).weights(of: 0..<50, on: .cpu).doubles())
    #expect(throws: Failure.self) { try resamples.means(of: .zeros([49])) }
    // σ/√n for a share of one half.
    let half = try Estimate(shareOf: (0..<400).map { $0 % 2 == 0 }, Resamples(of: 400))
    #expect(half.value == 0.5)
    let top = try #require(half.interval).upperBound
    #expect((0.543...0.555).contains(top))
  }

  @Test func `Sets that do not fit are refused`() throws {
    #expect(throws: Failure.self) { try KernelDistance(to: Tensor.zeros([1, 4])) }
    #expect(throws: Failure.self) { try KernelDistance(to: Tensor.zeros([4, 4]))(Tensor.zeros([4, 3])) }
    #expect(throws: Failure.self) { try CMMD(to: Tensor([1.0, .nan])) }
    #expect(throws: Failure.self) { try FeatureMeasures(real: Tensor.zeros([5, 2])) }
  }
}
