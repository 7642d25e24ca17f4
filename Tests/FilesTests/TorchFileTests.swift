import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// A file written by a script in Fixtures.
func fixture(_ name: String) -> String { "\(Repository.tests)/FilesTests/Fixtures/\(name)" }

@Suite struct TorchFileTests {
  private func numbers(_ shape: [Int]) throws -> Tensor {
    try Tensor((0..<shape.reduce(1, *)).map { Float($0 - 2) }, shape: shape)
  }

  @Test func `A module's state_dict is read by its names`() throws {
    let file = try TorchFile(fixture("module.pth"))
    #expect(
      file.names == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
      ])
    try expectSame(file.tensor("0.weight"), numbers([2, 3]))
    try expectSame(file.tensor("1.bias"), try numbers([2]) + 3)
    try expectSame(file.tensor("1.running_var"), .ones([2]))
    try expectSame(file.tensor("1.num_batches_tracked"), .zeros([], .int64))
    expectError(.missing, "module.pth", "'2.weight'", "0.weight") { _ = try file.tensor("2.weight") }
  }

  @Test(arguments: DType.allCases)
  func `Every dtype comes back`(dtype: DType) throws {
    let tensor = try TorchFile(fixture("dtypes.pt")).tensor(dtype.name)
    try expectSame(tensor, Tensor([2, 1, 0, 1, 2]).to(dtype))
  }

  @Test func `Views of one storage, scalars, empty tensors and parameters are what they were`() throws {
    let file = try TorchFile(fixture("views.pt"))
    let base = try numbers([4, 6])
    try expectSame(file.tensor("whole"), base)
    try expectSame(file.tensor("transposed"), base.transposed(0, 1))
    try expectSame(file.tensor("column"), base[.all, 2])
    try expectSame(file.tensor("row"), base[1])
    try expectSame(file.tensor("steps"), base[.range(nil, nil, step: 2), .range(1, nil, step: 3)])
    try expectSame(file.tensor("expanded"), numbers([3, 1]).expanded([3, 4]))
    try expectSame(file.tensor("bytes"), base.rows(2..<4).to(.uint8))
    try expectSame(file.tensor("scalar"), Tensor([2.5] as [Double], shape: []))
    try expectSame(file.tensor("empty"), .zeros([0, 5]))
    try expectSame(file.tensor("emptyView"), .zeros([0, 6]))
    try expectSame(file.tensor("parameter"), numbers([2]))
  }

  @Test func `Nested tensors are named by their paths, and the rest of a checkpoint is passed over`() throws {
    let file = try TorchFile(fixture("training.ckpt"))
    #expect(
      file.names == [
        "state_dict.weight", "optimizer.state.0.step", "optimizer.state.0.exp_avg", "optimizer.state.0.exp_avg_sq",
      ])
    #expect(file.wrapper == nil)
    #expect(file.metadata["epoch"] == "3")
    #expect(file.metadata["note"] == "fünf")
    #expect(file.metadata["negative"] == "-5")
    #expect(try file.tensor("optimizer.state.0.step").item() == 1)
    let lists = try TorchFile(fixture("protocol4.pt"))
    #expect(lists.names == ["a", "b.0", "b.1.0"])
    try expectSame(lists.tensor("b.1.0"), numbers([3]))
  }

  @Test func `Where one entry holds all tensors, the names begin below it`() throws {
    let file = try TorchFile(fixture("wrapped.pt"))
    #expect(file.names == (try TorchFile(fixture("module.pth"))).names)
    #expect(file.wrapper == "state_dict")
    #expect(file.metadata == ["epoch": "3"])
    try expectSame(file.tensor("0.weight"), numbers([2, 3]))
    let alone = try TorchFile(fixture("alone.pt"))
    #expect(alone.names == ["tensor"])
    try expectSame(alone.tensor("tensor"), numbers([2, 3]))
  }

  @Test func `A tensor outlives its file object`() throws {
    let kept = try TorchFile(fixture("views.pt")).tensor("steps")
    try expectSame(kept, numbers([4, 6])[.range(nil, nil, step: 2), .range(1, nil, step: 3)])
  }

  @Test(arguments: [
    ("legacy.pt", "before PyTorch 1.6", "torch.load("),
    ("module-itself.pt", "'torch.nn.modules.container.Sequential'", "state_dict()"),
    ("script.pt", "TorchScript", "torch.jit.load"),
    ("complex.pt", "'torch.ComplexFloatStorage'", ""),
    ("compressed.pt", "compressed", "zip -0"),
    ("make_torch_files.py", "not a file of torch's", "downloaded"),
  ])
  func `What is no file of tensors is refused, with what to do`(name: String, problem: String, advice: String) throws {
    expectError(.malformed, name, problem, advice.isEmpty ? name : advice) { _ = try TorchFile(fixture(name)) }
  }
}
