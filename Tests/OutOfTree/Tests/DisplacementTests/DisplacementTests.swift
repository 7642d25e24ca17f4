import Displacement
import Tensors
import Testing

@Suite struct DisplacementTests {
  @Test("Each sample's displacement is its own mean")
  func perSample() throws {
    let before = try Tensor.zeros([2, 3])
    let after = try Tensor([1, 1, 1, 0, 0, 3] as [Float], shape: [2, 3])
    #expect(try Displacement()(before, after).floats() == [1, 3])
  }
}
