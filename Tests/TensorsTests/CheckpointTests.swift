import Synchronization
import Tensors
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  private struct Stop: Error, Equatable { var reason = 0 }

  private final class Witness {
    var calls = 0
    let weight: Tensor
    init(_ values: [Double]) throws { weight = try Tensor(values, shape: [2, 2]).requiringGrad() }
    func block(_ x: Tensor) throws -> Tensor {
      calls += 1
      return try tanh(matmul(x, weight)) * x
    }
  }

  private func input() throws -> Tensor { try Tensor([0.3, -0.7, 1.1, 0.2], shape: [2, 2]).requiringGrad() }

  @Test func `Gradients of inputs and captured parameters are those of the plain run`() throws {
    let (plain, saving) = (try Witness([1, 2, -1, 0.5]), try Witness([1, 2, -1, 0.5]))
    let (x, y) = (try input(), try input())
    let a = try sum(plain.block(x * 2.0).squared())
    let b = try sum(checkpoint([y * 2.0]) { try saving.block($0[0]) }.squared())
    #expect(try a.item() == b.item())
    try a.backward()
    try b.backward()
    #expect(try x.gradient?.doubles() == y.gradient?.doubles())
    #expect(try plain.weight.gradient?.doubles() == saving.weight.gradient?.doubles())
    #expect(x.gradient != nil && plain.weight.gradient != nil)
  }

  @Test func `The closure runs once forward and once more backward; without a graph, once`() throws {
    let witness = try Witness([1, 2, -1, 0.5])
    let y = try checkpoint([input()]) { try witness.block($0[0]) }
    #expect(witness.calls == 1)
    try sum(y).backward()
    #expect(witness.calls == 2)
    let value = try noGrad { try checkpoint([input()]) { try witness.block($0[0]) } }
    #expect(witness.calls == 3)
    #expect(!value.requiresGrad)
  }

  @Test func `Activations are not kept: the forward run records no graph`() throws {
    let witness = try Witness([1, 2, -1, 0.5])
    var recorded = [Bool]()
    let y = try checkpoint([input()]) { inputs in
      let inside = try witness.block(inputs[0])
      recorded.append(inside.requiresGrad)
      return inside
    }
    try sum(y).backward()
    #expect(recorded == [false, true])
  }

  @Test func `Parameters get gradients where no input needs one`() throws {
    let witness = try Witness([1, 2, -1, 0.5])
    let x = try input().detached()
    try sum(checkpoint([x]) { try witness.block($0[0]) }).backward()
    #expect(witness.weight.gradient != nil)
    #expect(x.gradient == nil)
    try witness.weight.setGradient(nil)
    try sum(checkpoint([]) { _ in try witness.block(x) }).backward()
    #expect(witness.weight.gradient != nil)
  }

  @Test func `Nothing in the closure needs a gradient: backward passes by`() throws {
    let x = try input().detached()
    let other = try Tensor([2.0]).requiringGrad()
    let y = try checkpoint([x]) { try $0[0].squared() }
    try sum(y * other).backward()
    #expect(try agree(other.gradient?.item() ?? 0, sum(x.squared()).item()))
  }

  @Test func `A closure may hand back its input, and take several`() throws {
    let (x, y) = (try input(), try input())
    try sum(checkpoint([x]) { $0[0] } * 3.0).backward()
    #expect(try x.gradient?.doubles() == [3, 3, 3, 3])
    let index = try Tensor([1, 0])
    try sum(checkpoint([index, x, y]) { try $0[1].selected($0[0]) * $0[2] }).backward()
    #expect(try y.gradient?.doubles() == x.selected(index).doubles())
  }

  @Test func `The closure's own error comes back, from the forward and from the backward run`() throws {
    let x = try input()
    #expect(throws: Stop(reason: 1)) { try checkpoint([x]) { _ in throw Stop(reason: 1) } }
    let calls = Mutex(0)
    let y = try checkpoint([x]) { inputs in
      let call = calls.withLock {
        $0 += 1
        return $0
      }
      if call == 2 { throw Stop(reason: 2) }
      return try inputs[0].squared()
    }
    #expect(throws: Stop(reason: 2)) { try sum(y).backward() }
    #expect(throws: TensorError.self) { try checkpoint([x]) { try matmul($0[0], .zeros([3, 3])) } }
  }

  @Test(.timeLimit(.minutes(1)))
  func `Errors of many threads do not mix`() async {
    await withTaskGroup(of: Bool.self) { group in
      for number in 0..<8 {
        group.addTask {
          for round in 0..<50 {
            let mine = Stop(reason: number * 1000 + round)
            do {
              _ = try checkpoint([Tensor([1.0])]) { _ in throw mine }
              return false
            } catch let error as Stop {
              if error != mine { return false }
            } catch {
              return false
            }
            // An error of another kind is not mistaken for a waiting one.
            do { try Tensor([1.0, 2]).backward() } catch { if error is Stop { return false } }
          }
          return true
        }
      }
      for await clean in group { #expect(clean) }
    }
  }

  @Test func `The closure goes with the graph, or with its failure`() throws {
    func run(backward: Bool) throws -> () -> Bool {
      let witness = try Witness([1, 2, -1, 0.5])
      let y = try sum(checkpoint([input()]) { try witness.block($0[0]) })
      if backward { try y.backward() }
      return { [weak witness] in witness == nil }
    }
    #expect(try run(backward: true)())
    #expect(try run(backward: false)())

    func fail() throws -> () -> Bool {
      let witness = try Witness([1, 2, -1, 0.5])
      #expect(throws: Stop.self) {
        try checkpoint([input()]) { _ in
          _ = witness
          throw Stop()
        }
      }
      return { [weak witness] in witness == nil }
    }
    #expect(try fail()())

    func keep() throws -> (Tensor, () -> Bool) {
      let witness = try Witness([1, 2, -1, 0.5])
      let y = try checkpoint([input()]) { try witness.block($0[0]) }
      return (y, { [weak witness] in witness == nil })
    }
    let (y, isGone) = try keep()
    #expect(!isGone())
    try sum(y).backward()
  }

  @Test func `Checkpoints in checkpoints`() throws {
    let (plain, saving) = (try Witness([1, 2, -1, 0.5]), try Witness([1, 2, -1, 0.5]))
    let (x, y) = (try input(), try input())
    try sum(plain.block(plain.block(x)) + plain.block(x)).backward()
    try sum(
      checkpoint([y]) { outer in
        let inner = try checkpoint([outer[0]]) { try saving.block($0[0]) }
        return try saving.block(inner) + checkpoint([outer[0]]) { try saving.block($0[0]) }
      }
    ).backward()
    #expect(try agree(#require(x.gradient), #require(y.gradient), absolute: 1e-14))
    #expect(try agree(#require(plain.weight.gradient), #require(saving.weight.gradient), absolute: 1e-14))

    let inner: @Sendable ([Tensor]) throws -> Tensor = { _ in throw Stop(reason: 5) }
    #expect(throws: Stop(reason: 5)) { try checkpoint([y]) { try checkpoint($0, inner) } }
  }

  @Test func `Grad reaches inputs and leaves captured parameters alone; a graph of gradients is refused`() throws {
    let (plain, saving) = (try Witness([1, 2, -1, 0.5]), try Witness([1, 2, -1, 0.5]))
    let x = try input()
    let expected = try #require(try sum(plain.block(x)).grad([x])[0])
    let found = try #require(try sum(checkpoint([x]) { try saving.block($0[0]) }).grad([x])[0])
    #expect(try found.doubles() == expected.doubles())
    #expect(saving.weight.gradient == nil)
    #expect(throws: TensorError.self) {
      try sum(checkpoint([x]) { try saving.block($0[0]) }).grad([x], createGraph: true)
    }
  }

  @Test func `The second run has the autocast of the first`() throws {
    let witness = try Witness([1, 2, -1, 0.5])
    let weight = try witness.weight.detached().to(.float32).requiringGrad()
    var dtypes = [DType]()
    let y = try autocast(.bfloat16, on: .cpu) {
      try checkpoint([input().to(.float32)]) { inputs in
        let product = try matmul(inputs[0], weight)
        dtypes.append(product.dtype)
        return product
      }
    }
    try sum(y).backward()
    #expect(dtypes == [.bfloat16, .bfloat16])
    #expect(weight.gradient?.dtype == .float32)
  }
}
