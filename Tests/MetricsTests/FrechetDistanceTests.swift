import Files
import Foundation
import Metrics
import Tensors
import TestSupport
import Testing

@Suite struct FrechetDistanceTests {
  private let noise = Noise(seed: 3)

  /// Float64 [n, d], standard normal.
  private func normal(_ count: Int, _ dimension: Int, _ purpose: String) throws -> Tensor {
    try noise.stream(purpose, step: 0).normal(0..<count, [dimension]).to(.float64)
  }

  /// Features with exactly this mean and covariance, made from white noise that is whitened again by its own
  /// covariance.
  private func exact(_ count: Int, mean: [Double], factor: [Double], _ purpose: String) throws -> Tensor {
    let dimension = mean.count
    let raw = try normal(count, dimension, purpose)
    let statistics = try FeatureStatistics(raw)
    let (values, vectors) = try statistics.covariance.symmetricEigen()
    let white = try matmul(matmul(raw - statistics.mean, vectors) / sqrt(values), vectors.transposed(0, 1))
    return try matmul(white, Tensor(factor, shape: [dimension, dimension])) + Tensor(mean)
  }

  @Test func `Statistics are the mean and the unbiased covariance`() throws {
    let statistics = try FeatureStatistics(Tensor([1.0, 2, 3, 6, 5, 4], shape: [3, 2]))
    #expect(statistics.count == 3)
    #expect(try statistics.mean.doubles() == [3, 4])
    #expect(try statistics.covariance.doubles() == [4, 2, 2, 4])
    #expect(!statistics.isRankDeficient)
  }

  @Test func `Statistics of a set larger than a block are those of the whole`() throws {
    let features = try normal(9000, 3, "blocks") + 5
    let statistics = try FeatureStatistics(features)
    let mean = try features.mean([0])
    #expect(try abs(statistics.mean - mean).maximum([0]).item() < 1e-12)
    let variances = try features.variance([0]).doubles()
    let diagonal = try statistics.covariance.doubles().enumerated().filter { $0.offset % 4 == 0 }.map(\.element)
    for (got, expected) in zip(diagonal, variances) { #expect(Swift.abs(got - expected) < 1e-12) }
  }

  @Test(arguments: [(400, 12), (5, 40), (2, 3)])
  func `The distance of a set from itself is zero`(_ count: Int, _ dimension: Int) throws {
    let features = try normal(count, dimension, "itself") * 3
    #expect(try FrechetDistance.between(features, features) < 1e-6)
  }

  @Test func `Commuting covariances give the sum of squared differences of the standard deviations`() throws {
    let a = try exact(50, mean: [0, 0, 0], factor: [1, 0, 0, 0, 2, 0, 0, 0, 3], "a")
    let b = try exact(60, mean: [1, -2, 0], factor: [2, 0, 0, 0, 2, 0, 0, 0, 0.5], "b")
    // 1 + 4 for the means; (1-2)² + 0 + (3-0.5)² for the deviations.
    #expect(Swift.abs(try FrechetDistance.between(a, b) - 12.25) < 1e-9)
  }

  @Test func `Two Gaussians in the plane that do not commute give the closed form of 2 x 2 matrices`() throws {
    // Covariances FᵀF; the trace of the root of M is sqrt(tr M + 2 sqrt(det M)) for 2 x 2.
    let a = try exact(40, mean: [0.5, 0], factor: [2, 1, 0, 1], "a")
    let b = try exact(40, mean: [0, 0], factor: [1, -1, 0, 0.5], "b")
    let (s, t) = ([4.0, 2, 2, 2], [1.0, -1, -1, 1.25])
    let trace = s[0] * t[0] + s[1] * t[2] + s[2] * t[1] + s[3] * t[3]
    let determinant = (s[0] * s[3] - s[1] * s[2]) * (t[0] * t[3] - t[1] * t[2])
    let expected = 0.25 + s[0] + s[3] + t[0] + t[3] - 2 * (trace + 2 * determinant.squareRoot()).squareRoot()
    #expect(Swift.abs(try FrechetDistance.between(a, b) - expected) < 1e-9)
  }

  @Test func `One feature may come as a vector`() throws {
    // Means 2 and 5; deviations 1 and 3 with n - 1.
    let distance = try FrechetDistance.between(Tensor([1.0, 2, 3]), Tensor([2.0, 5, 8]))
    #expect(Swift.abs(distance - (9 + 4)) < 1e-12)
  }

  @Test func `Samples of two Gaussians come near the analytic value`() throws {
    let a = try normal(20_000, 3, "a")
    let b = try normal(20_000, 3, "b") * 1.5 + 1
    // 3 · (1 + 0.5²)
    #expect(Swift.abs(try FrechetDistance.between(a, b) - 3.75) < 0.1)
  }

  @Test(arguments: try MeasureCase.all())
  func `The distance agrees with the reference implementation`(_ example: MeasureCase) throws {
    let (a, b) = try (example.realFeatures(), example.generatedFeatures())
    let bound = 1e-7 * max(1, example.frechetDistance)
    #expect(Swift.abs(try FrechetDistance.between(a, b) - example.frechetDistance) < bound)
    #expect(Swift.abs(try FrechetDistance.between(b, a) - example.frechetDistance) < bound)
  }

  @Test func `Constant features have a distance, that of their means`() throws {
    let (a, b) = try (Tensor.zeros([4, 3]), Tensor.ones([4, 3]))
    #expect(Swift.abs(try FrechetDistance.between(a, b) - 3) < 1e-12)
  }

  @Test func `Statistics come back from an HDF5 file as they were`() throws {
    let folder = NSTemporaryDirectory() + "fewstep-evaluation-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let statistics = try FeatureStatistics(normal(20, 4, "stored"))
    try HDF5File.write(to: folder + "/s.h5") { try statistics.write(to: $0, at: "reference/features") }
    let read = try FeatureStatistics(reading: HDF5File.open(folder + "/s.h5"), at: "reference/features")
    #expect(read.count == 20)
    #expect(try read.mean.doubles() == statistics.mean.doubles())
    #expect(try read.covariance.doubles() == statistics.covariance.doubles())
  }

  @Test func `One sample has no covariance`() throws {
    #expect(
      throws: Failure(.malformed, at: "feature statistics", "too few features", expected: "at least 2", got: "1")
    ) { try FeatureStatistics(Tensor.zeros([1, 4])) }
  }

  @Test func `Features that are not finite, of another shape or of another size are refused`() throws {
    #expect(throws: Failure(.malformed, at: "feature statistics", "the features are not all finite")) {
      try FeatureStatistics(Tensor([1.0, .nan, 2, 3], shape: [2, 2]))
    }
    #expect(throws: Failure.self) { try FeatureStatistics(Tensor.zeros([2, 3, 4])) }
    #expect(throws: Failure.self) { try FeatureStatistics(Tensor.zeros([2, 0])) }
    #expect(throws: Failure.self) {
      try FrechetDistance.between(Tensor.zeros([3, 2]), Tensor.zeros([3, 4]))
    }
    #expect(throws: Failure.self) {
      try FeatureStatistics(count: 3, mean: .zeros([2]), covariance: .zeros([3, 3]))
    }
  }
}
