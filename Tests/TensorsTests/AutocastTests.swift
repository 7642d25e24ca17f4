import Tensors
import Testing

@Suite("Autocast")
struct AutocastTests {
  private let a: Tensor

  init() throws { a = try .ones([2, 2]) }

  private func product() throws -> DType { try matmul(a, a).dtype }

  @Test func `Products are made in its dtype, inside and nowhere else`() throws {
    struct Stop: Error {}
    #expect(try product() == .float32)
    #expect(try autocast(.bfloat16, on: .cpu) { [try product(), try sum(a).dtype] } == [.bfloat16, .float32])
    #expect(try product() == .float32)
    #expect(try autocast(nil, on: .cpu) { try product() } == .float32)
    #expect(throws: Stop.self) { try autocast(.bfloat16, on: .cpu) { throw Stop() } }
    #expect(try product() == .float32)
  }

  @Test func `An inner autocast gives the outer one back`() throws {
    let dtypes = try autocast(.bfloat16, on: .cpu) {
      let inner = try autocast(.bfloat16, on: .cpu) { try product() }
      return [inner, try product(), try autocast(nil, on: .cpu) { try product() }, try product()]
    }
    #expect(dtypes == [.bfloat16, .bfloat16, .bfloat16, .bfloat16])
    #expect(try product() == .float32)
  }

  @Test(arguments: [false, true])
  func `A weight first used without grad still gets its gradient`(checkpointed: Bool) throws {
    let weight = try Tensor.ones([2, 2]).requiringGrad()
    let x = try Tensor.ones([1, 2])
    let loss = try autocast(.bfloat16, on: .cpu) {
      if checkpointed {
        _ = try checkpoint([x]) { try matmul($0[0], weight) }
      } else {
        _ = try noGrad { try matmul(x, weight) }
      }
      return try sum(matmul(x, weight))
    }
    try loss.backward()
    #expect(try weight.gradient?.doubles() == [1, 1, 1, 1])
  }
}
