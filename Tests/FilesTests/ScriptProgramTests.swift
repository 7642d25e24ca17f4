import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ScriptProgramTests {
  private let path = "\(Repository.tests)/BenchmarksTests/Fixtures/coco/inception.pt"

  @Test func `A program's methods, and those of its parts, are called on tensors`() throws {
    let program = try ScriptProgram.read(path)
    let pictures = try Noise(seed: 1).stream("pictures", step: 0).normal(0..<2, [3, 299, 299])
    let features = try program(pictures, method: "layers.forward")
    #expect(features.shape == [2, 2048])
    // The program's function of the features.
    let named = Dictionary(uniqueKeysWithValues: program.tensors.map { ($0.name, $0.value) })
    let (weight, bias) = (try #require(named["output.weight"]), named["output.bias"])
    let logits = try linear(features, weight, bias)
    let shares = try program(pictures * 128 + 128)
    #expect(try abs(shares - logits.softmax(-1)).doubles().max() ?? 1 < 1e-5)
    #expect(named["layers.norm.running_mean"]?.shape == [8])
    for _ in 0..<3 { #expect(try bytes(program(pictures, method: "layers.forward")) == bytes(features)) }
  }

  @Test(arguments: [
    ("heads.forward", "no part 'heads'"), ("layers.backward", "no method 'layers.backward'"),
    ("layers.first.weight.forward", "no part 'layers.first.weight'"), ("", "no method ''"),
  ])
  func `A call that cannot be is an error with what is missing`(method: String, expected: String) throws {
    let program = try ScriptProgram.read(path)
    let error = #expect(throws: TensorError.self) { try program(Tensor.zeros([1, 3, 299, 299]), method: method) }
    #expect(error?.reason.contains(expected) == true, "\(String(describing: error))")
  }

  @Test func `Inputs that the program cannot take, and results that are no tensor, are errors`() throws {
    let program = try ScriptProgram.read(path)
    let error = #expect(throws: TensorError.self) {
      try program(Tensor.zeros([1, 4, 299, 299]), method: "layers.forward")
    }
    #expect(error?.description.contains("float32[1, 4, 299, 299]") == true, "\(String(describing: error))")
    #expect(throws: TensorError.self) { try program(method: "layers.forward") }
    let pair = try ScriptProgram.read(path.replacing("inception.pt", with: "no-tensor.pt"))
    let other = #expect(throws: TensorError.self) { try pair(Tensor.zeros([1])) }
    #expect(other?.reason.contains("'forward' returns Tuple, not a tensor") == true, "\(String(describing: other))")
  }

  @Test func `What is no program is refused`() throws {
    let scratch = try Scratch()
    let page = try scratch.write(Array("<html>404</html>".utf8), to: "page.pt")
    expectError(.malformed, "page.pt", "expected a TorchScript program", "no ZIP archive") {
      _ = try ScriptProgram.read(page)
    }
    expectError(.missing, "none.pt") { _ = try ScriptProgram.read(scratch.path("none.pt")) }
    expectError(.malformed, "constants.pkl: weights alone") {
      _ = try ScriptProgram.read(
        fixture("module.pth"))
    }
  }

  @Test func `A file cut short is refused, wherever it is cut`() throws {
    let scratch = try Scratch()
    let whole = try contents(path)
    for share in 0..<20 {
      let cut = try scratch.write(whole.prefix(whole.count * share / 20), to: "cut.pt")
      expectError(.malformed, "cut.pt") { _ = try ScriptProgram.read(cut) }
    }
  }

  @Test func `A damaged byte is noticed, in weights, in the program's text and in the archive's own records`() throws {
    let scratch = try Scratch()
    let whole = try contents(path)
    let good = try ScriptProgram.read(path).tensors
    for place in stride(from: 3, to: whole.count, by: 997) {
      var bytes = [UInt8](whole)
      bytes[place] ^= 0x5A
      let file = try scratch.write(bytes, to: "damaged.pt")
      // A byte of padding between the entries belongs to none of them.
      do {
        let program = try ScriptProgram.read(file)
        for (a, b) in zip(program.tensors, good) { try expectSame(a.value, b.value) }
      } catch { #expect(error is Failure, "\(error)") }
    }
  }
}
