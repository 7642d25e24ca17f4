import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct LossesTests {
  @Test func `Matching moves samples along the direction over the scale, on three tensors alone`() throws {
    let x = try normal("x", [4, 3]).requiringGrad()
    let (direction, scale) = (try normal("direction", [4, 3]), try Tensor([Float(1), 2, 4, 8], shape: [4, 1]))
    let loss = try match(x, along: direction, scale: scale)
    try loss.total.backward()
    try expectClose(#require(x.gradient), -1.0 / 12 * (direction / scale), 1e-6)
    try expectClose(#require(loss.step), direction / scale, 1e-6)
    #expect(try loss.adding("more", mean(x), weight: 2).step === loss.step)
  }

  @Test func `A direction of another shape than the samples' is refused, not broadcast`() throws {
    let x = try normal("x", [4, 3])
    #expect(throws: TensorError.self) { try match(x, along: normal("direction", [3]), scale: .ones([4, 1])) }
    #expect(throws: TensorError.self) { try match(x, moving: normal("step", [4, 1])) }
  }

  @Test func `A number per sample multiplies samples of any rank, each by its own`() throws {
    let weight = try PerSample(Tensor([Float(2), -1]))
    for shape in [[2], [2, 3], [2, 3, 4]] {
      let x = try normal("x", shape)
      let product = try weight * x
      try expectSame(product.rows(0..<1), 2.0 * x.rows(0..<1))
      try expectSame(product.rows(1..<2), -1.0 * x.rows(1..<2))
    }
    #expect(try ((1 - 0.5 * weight) + (1 + 0.5 * weight) / 2).values.doubles() == [1, 1.75])
    #expect(throws: TensorError.self) { try PerSample(.zeros([2, 1])) }
  }
}
