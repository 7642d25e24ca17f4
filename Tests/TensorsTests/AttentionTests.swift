import TestSupport
import Testing

@testable import Tensors

@Suite("Attention")
struct AttentionTests {
  private func normal(_ purpose: String, _ shape: [Int]) throws -> Tensor {
    try Noise(seed: 3).stream(purpose, step: 0).normal(0..<1, shape)[0].requiringGrad()
  }

  @Test(
    arguments: ["no", "whole", "one-row"],
    [1, 40, 120])
  func `Some queries at a time give what all at once do, gradients too`(_ mask: String, limit: Int) throws {
    // 2 · 3 heads · 7 queries · 5 keys make 210 weights.
    let (q, k, v) = (try normal("q", [2, 3, 7, 4]), try normal("k", [2, 3, 5, 4]), try normal("v", [2, 3, 5, 6]))
    let bias = try mask == "no" ? nil : normal("mask", [2, 1, mask == "whole" ? 7 : 1, 5])
    func run(_ limit: Int) throws -> [Tensor] {
      let y = try composedAttention(q, k, v, mask: bias, limit: limit)
      return try [y] + sum(y.squared()).grad([q, k, v]).compactMap { $0 }
    }
    let (whole, pieces) = (try run(1 << 26), try run(limit))
    #expect(pieces.count == 4)
    for (a, b) in zip(pieces, whole) { #expect(try agree(a, b)) }
    #expect(try agree(attention(q, k, v, mask: bias), pieces[0]))
  }
}
