import Metrics
import Tensors
import TestSupport
import Testing

@Suite struct PrecisionRecallTests {
  /// Standard normal points [n, d] around centers on a line, `spacing` apart, in turn.
  private func modes(_ count: Int, of modes: Int, _ purpose: String, spacing: Double = 20) throws -> Tensor {
    let offsets = try Tensor((0..<count).flatMap { [Double($0 % modes) * spacing, 0] }, shape: [count, 2])
    return try Noise(seed: 5).stream(purpose, step: 0).normal(0..<count, [2]) + offsets
  }

  @Test func `A ball reaches to the k-th neighbour, boundary included`() throws {
    let manifold = try FeatureManifold(Tensor([0.0, 1, 3, 7]), neighbours: 1)
    // Radii 1, 1, 2, 4.
    #expect(try manifold.contains(Tensor([-1.0, -1.01, 5, 11, 11.01, 2.5])) == [true, false, true, true, false, true])
    let wide = try FeatureManifold(Tensor([0.0, 1, 3, 7]), neighbours: 3)
    // Radii 7, 6, 4, 7.
    #expect(try wide.contains(Tensor([-7.0, -7.01, 14, 14.01])) == [true, false, true, false])
  }

  @Test func `A set compared with itself has precision and recall 1`() throws {
    let points = try modes(100, of: 3, "itself")
    #expect(try PrecisionRecall(real: points, generated: points) == PrecisionRecall(precision: 1, recall: 1))
  }

  @Test func `Sets that are far apart have precision and recall 0`() throws {
    let (a, b) = try (modes(50, of: 2, "a"), modes(50, of: 2, "b") + 1000)
    #expect(try PrecisionRecall(real: a, generated: b) == PrecisionRecall(precision: 0, recall: 0))
  }

  @Test func `When modes are lost, recall falls and precision stays`() throws {
    let real = try modes(400, of: 4, "real")
    let full = try PrecisionRecall(real: real, generated: modes(400, of: 4, "full"))
    let collapsed = try PrecisionRecall(real: real, generated: modes(400, of: 1, "collapsed"))
    #expect(full.precision.value > 0.9 && full.recall.value > 0.9)
    #expect(collapsed.precision.value > 0.9)
    #expect((0.2...0.27).contains(collapsed.recall.value))
  }

  @Test func `When every sample is the same, recall is zero`() throws {
    let real = try modes(100, of: 2, "real")
    let generated = try real.rows(0..<1).expanded([100, 2])
    #expect(try PrecisionRecall(real: real, generated: generated) == PrecisionRecall(precision: 1, recall: 0.01))
    let moved = try PrecisionRecall(real: real, generated: generated + 1e-3)
    #expect(moved == PrecisionRecall(precision: 1, recall: 0))
  }

  @Test func `Samples outside the real modes lower precision and leave recall`() throws {
    let real = try modes(200, of: 2, "real")
    let generated = try concatenated([modes(200, of: 2, "good"), modes(200, of: 2, "bad") + 500])
    let result = try PrecisionRecall(real: real, generated: generated)
    #expect((0.45...0.5).contains(result.precision.value))
    #expect(result.recall.value > 0.9)
  }

  @Test(arguments: try MeasureCase.all(), [1, 3])
  func `The values agree with a comparison of all pairs`(_ example: MeasureCase, _ neighbours: Int) throws {
    let result = try PrecisionRecall(
      real: example.realFeatures(), generated: example.generatedFeatures(), neighbours: neighbours)
    #expect(abs(result.precision.value - (try #require(example.precision["\(neighbours)"]))) < 1e-12)
    #expect(abs(result.recall.value - (try #require(example.recall["\(neighbours)"]))) < 1e-12)
  }

  @Test(arguments: [13, 64, 149, 300])
  func `The size of the tiles changes nothing, on a lattice full of ties either`(_ tile: Int) throws {
    let random = try (modes(150, of: 3, "real", spacing: 2), modes(130, of: 2, "generated", spacing: 2))
    let lattice = try ((random.0 * 2).rounded() + 1e4, (random.1 * 2).rounded() + 1e4)
    for (real, generated) in [random, lattice] {
      let whole = try FeatureManifold(real)
      let parts = try FeatureManifold(real, tile: tile)
      #expect(try whole.contains(generated) == parts.contains(generated))
      #expect(
        try PrecisionRecall(real: real, generated: generated)
          == PrecisionRecall(real: real, generated: generated, tile: tile))
    }
  }

  @Test func `Tiles of a single row do`() throws {
    let (real, generated) = try (modes(12, of: 2, "real", spacing: 2), modes(9, of: 2, "generated", spacing: 2))
    #expect(
      try PrecisionRecall(real: real, generated: generated)
        == PrecisionRecall(real: real, generated: generated, tile: 1))
  }

  @Test func `Copies of a point are at distance 0, far from the origin too`() throws {
    let point = try Tensor([1e5, 3e5, 7e5], shape: [1, 3]) / 3
    let manifold = try FeatureManifold(concatenated([point.repeated([4, 1]), Tensor.zeros([1, 3], .float64)]))
    #expect(try manifold.contains(concatenated([point, point * 0.9, point + 1])) == [true, true, false])
    let alone = try FeatureManifold(point.repeated([5, 1]))
    #expect(try alone.contains(concatenated([point, point + 1])) == [true, false])
  }

  @Test func `There must be more samples than neighbours`() throws {
    let expected = Failure(.malformed, at: "feature manifold", "too few features", expected: "at least 4", got: "3")
    #expect(throws: expected) { try FeatureManifold(Tensor.zeros([3, 2])) }
    #expect(throws: Failure.self) { try FeatureManifold(Tensor.zeros([9, 2]), neighbours: 0) }
    #expect(throws: Failure.self) {
      try FeatureManifold(Tensor.zeros([9, 2])).contains(Tensor.zeros([9, 3]))
    }
  }
}
