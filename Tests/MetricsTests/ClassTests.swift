import Foundation
import Metrics
import Tensors
import Testing

@Suite struct ClassTests {
  @Test func `Accuracy counts the samples whose best class is the wanted one`() throws {
    let scores = try Tensor([3.0, 1, 0, 0, 2, 1, 0, 1, 5, 9, 0, 0], shape: [4, 3])
    let result = try ClassAccuracy(scores: scores, wanted: [0, 1, 1, 0])
    #expect(result.accuracy == 0.75)
    #expect(result.accuracyByClass == [1, 0.5, nil])
    #expect(result.seen == ClassHistogram(counts: [2, 1, 1]))
  }

  @Test func `Even classes have entropy log K, a single one has none`() throws {
    #expect(abs(ClassHistogram(counts: [5, 5, 5, 5]).entropy - log(4)) < 1e-12)
    #expect(abs(ClassHistogram(counts: [5, 5, 5, 5]).effectiveClasses - 4) < 1e-12)
    #expect(ClassHistogram(counts: [7, 0, 0]).entropy == 0)
    #expect(ClassHistogram(counts: [0, 0]).entropy == 0)
    #expect(abs(ClassHistogram(counts: [3, 1]).entropy - (0.75 * log(4 / 3) + 0.25 * log(4))) < 1e-12)
  }

  @Test func `Wrong shapes, unknown classes, no samples and scores that are not finite are refused`() throws {
    #expect(throws: Failure.self) { try ClassAccuracy(scores: .zeros([2, 3]), wanted: [0]) }
    #expect(throws: Failure.self) { try ClassAccuracy(scores: .zeros([2, 3]), wanted: [0, 3]) }
    #expect(throws: Failure.self) { try ClassAccuracy(scores: .zeros([2, 3]), wanted: [0, -1]) }
    #expect(throws: Failure(.malformed, at: "class accuracy", "too few samples", expected: "at least 1", got: "0")) {
      try ClassAccuracy(scores: .zeros([0, 3]), wanted: [])
    }
    #expect(throws: Failure(.malformed, at: "class accuracy", "the scores are not all finite")) {
      try ClassAccuracy(scores: Tensor([0.0, .infinity], shape: [1, 2]), wanted: [0])
    }
  }
}
