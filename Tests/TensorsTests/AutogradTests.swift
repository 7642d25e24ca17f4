import Tensors
import TestSupport
import Testing

@Suite("Autograd")
struct AutogradTests {
  @Test func `Backward fills the gradients of the leaves, and again adds to them`() throws {
    let x = try Tensor([1.0, 2, 3]).requiringGrad()
    let weight = try Tensor([0.5, -1, 2])
    #expect(x.requiresGrad && !weight.requiresGrad)
    #expect(x.gradient == nil)
    try sum(x.squared() * weight).backward()
    #expect(try x.gradient?.doubles() == [1, -4, 12])
    #expect(weight.gradient == nil)
    try sum(x * weight).backward()
    #expect(try x.gradient?.doubles() == [1.5, -5, 14])
    try x.setGradient(nil)
    #expect(x.gradient == nil)
    try x.setGradient(weight)
    #expect(try x.gradient?.doubles() == [0.5, -1, 2])
  }

  @Test func `A gradient that does not fit its tensor is refused`() throws {
    let x = try Tensor([1.0, 2, 3])
    #expect(throws: TensorError.self) { try x.setGradient(Tensor([1.0, 2])) }
    #expect(throws: TensorError.self) { try x.setGradient(Tensor([1.0, 2, 3] as [Float])) }
  }

  @Test func `A seed contracts what is not a scalar`() throws {
    let x = try Tensor([1.0, 2, 3]).requiringGrad()
    let y = try x.squared()
    #expect(throws: TensorError.self) { try y.backward() }
    try y.backward(seed: Tensor([1.0, 0, -1]))
    #expect(try x.gradient?.doubles() == [2, 0, -6])
  }

  @Test func `A graph serves one backward, or more where it is kept`() throws {
    let x = try Tensor([3.0]).requiringGrad()
    let y = try sum(x.squared())
    try y.backward(keepGraph: true)
    try y.backward()
    #expect(try x.gradient?.doubles() == [12])
    #expect(throws: TensorError.self) { try y.backward() }
  }

  @Test
  func `Grad returns the gradients of what was asked for, nil where it plays no part, and touches no leaf`() throws {
    let (x, y) = (try Tensor([1.0, 2]).requiringGrad(), try Tensor([3.0, 4]).requiringGrad())
    let unused = try Tensor([5.0]).requiringGrad()
    let middle = try x * y
    let found = try sum(middle * middle).grad([x, unused, middle])
    #expect(try found[0]?.doubles() == [18, 64])
    #expect(found[1] == nil)
    #expect(try found[2]?.doubles() == [6, 16])
    #expect(x.gradient == nil && y.gradient == nil)
  }

  @Test func `Gradients of gradients`() throws {
    let x = try Tensor([1.0, -2, 3]).requiringGrad()
    let first = try #require(try sum(x.power(3)).grad([x], createGraph: true)[0])
    #expect(try agree(first, Tensor([3.0, 12, 27])))
    #expect(first.requiresGrad)
    let second = try #require(try sum(first).grad([x], createGraph: true)[0])
    #expect(try agree(second, Tensor([6.0, -12, 18])))
    // As in a gradient penalty: the squared norm of the gradient, differentiated by backward.
    try sum(first.squared()).backward()
    #expect(try x.gradient.map { try agree($0, Tensor([36.0, -288, 972])) } == true)
    let plain = try #require(try sum(x.power(3)).grad([x])[0])
    #expect(!plain.requiresGrad)
  }

  @Test func `Without grad, nothing is recorded; the mode comes back, after a throw too`() throws {
    struct Stop: Error {}
    let x = try Tensor([1.0]).requiringGrad()
    #expect(isGradEnabled)
    #expect(try noGrad { try x * 2.0 }.requiresGrad == false)
    #expect(throws: Stop.self) { try noGrad { throw Stop() } }
    #expect(isGradEnabled)
    try noGrad {
      noGrad { #expect(!isGradEnabled) }
      #expect(!isGradEnabled)
      try x.fill(4)
    }
    #expect(try (x * 2.0).requiresGrad)
    #expect(try x.doubles() == [4])
  }

  @Test func `A detached tensor shares memory, not history`() throws {
    let x = try Tensor([1.0, 2]).requiringGrad()
    let y = try x * 3.0
    let cut = try y.detached()
    #expect(y.requiresGrad && !cut.requiresGrad)
    #expect(cut.sharesMemory(with: y))
    try sum(y * cut).backward()
    #expect(try x.gradient?.doubles() == [9, 18])
  }

  @Test func `A frozen tensor gets no gradient, and lets it through`() throws {
    let x = try Tensor([2.0]).requiringGrad()
    let weight = try Tensor([3.0]).requiringGrad()
    try weight.requiringGrad(false)
    try sum(x * weight).backward()
    #expect(weight.gradient == nil)
    #expect(try x.gradient?.doubles() == [3])
    #expect(throws: TensorError.self) { try Tensor([1, 2, 3]).requiringGrad() }
  }

  @Test func `Gradients pass indices, concatenation and normalizations as finite differences say`() throws {
    let noise = Noise(seed: 3).stream("point", step: 0)
    let start = try noise.normal(0..<2, [4]).to(.float64)
    let scale = try noise.normal(2..<3, [4]).to(.float64)
    func value(_ x: Tensor) throws -> Tensor {
      let normal = try layerNorm(x, [4], scale[0], nil, epsilon: 1e-5)
      let mixed = try concatenated([normal[.all, .range(1, nil)], rmsNorm(x, nil, epsilon: 1e-5)], 1)
      let picked = try mixed[.tensor(Tensor([1, 0, 1])), .tensor(Tensor([0, 2, 5]))]
      return try sum(gelu(mixed, .tanh).squared()) + sum(picked)
    }
    let x = try start.cloned().requiringGrad()
    let found = try #require(try value(x).grad([x])[0]).doubles()
    for index in 0..<8 {
      let nudge = try Tensor.zeros([8], .float64)
      try nudge.assign(.full([], 1e-5, .float64), at: .at(index))
      let step = try nudge.reshaped([2, 4])
      let slope = try (value(start + step).item() - value(start - step).item()) / 2e-5
      #expect(agree(found[index], slope, absolute: 1e-6, relative: 1e-6))
    }
  }
}
