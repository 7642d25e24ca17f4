import Networks
import Tensors
import TestSupport
import Testing

@Suite struct ParameterTests {
  private func build(_ store: ParameterStore) throws {
    _ = try Convolution(store.root / "conv_in", 3, 8, kernel: 3)
    _ = try MultiHeadAttention(store.root / "blocks" / 0 / "attn1", width: 8, heads: 2, context: 5)
    _ = try GroupNorm(store.root / "norm", 8, groups: 4)
    _ = try Embedding(store.root / "classes", count: 3, width: 8)
    _ = try LayerNorm(store.root / "plain", 8, affine: false)
    _ = try RMSNorm(store.root / "rms", 8)
  }

  private let names = [
    "conv_in.weight", "conv_in.bias", "blocks.0.attn1.to_q.weight", "blocks.0.attn1.to_k.weight",
    "blocks.0.attn1.to_v.weight", "blocks.0.attn1.to_out.0.weight", "blocks.0.attn1.to_out.0.bias", "norm.weight",
    "norm.bias", "classes.weight", "rms.weight",
  ]

  @Test func `Parameters are named by their paths, as diffusers names them, in the order of building`() throws {
    let store = randomStore()
    try build(store)
    #expect(store.all.map(\.name) == names)
    #expect(store["blocks.0.attn1.to_k.weight"]?.value.shape == [8, 5])
    #expect(store["blocks.0.attn1.to_k"] == nil)
    #expect(store.count == store.all.reduce(0) { $0 + $1.value.shape.reduce(1, *) })
    #expect(store.trainable.count == names.count)
  }

  @Test func `Two parameters of one name are an error that names it`() throws {
    let store = randomStore()
    _ = try Linear(store.root / "a", 2, 2)
    let error = #expect(throws: ParameterError.self) { _ = try Linear(store.root / "a", 2, 2) }
    #expect(error?.description.contains("'a.weight'") == true)
  }

  @Test func `Building from a checkpoint gives its values, in memory of their own`() throws {
    let source = randomStore(4)
    try build(source)
    let store = ParameterStore(.checkpoint { source[$0]?.value })
    try build(store)
    for (a, b) in zip(source.all, store.all) {
      try expectSame(a.value, b.value)
      #expect(!a.value.sharesMemory(with: b.value))
      #expect(b.isTrainable)
    }
  }

  @Test func `A tensor that the checkpoint lacks, or has in another shape, is named`() throws {
    let source = randomStore(4)
    try build(source)
    let missing = #expect(throws: ParameterError.self) {
      try build(ParameterStore(.checkpoint { $0 == "blocks.0.attn1.to_v.weight" ? nil : source[$0]?.value }))
    }
    #expect(missing?.description == "tensor 'blocks.0.attn1.to_v.weight' is not in the checkpoint")
    let misshapen = #expect(throws: ParameterError.self) {
      try build(ParameterStore(.checkpoint { $0 == "norm.bias" ? try .zeros([9]) : source[$0]?.value }))
    }
    #expect(misshapen?.description == "tensor 'norm.bias' has shape [9], the network expects [8]")
  }

  @Test func `Loading that fails changes nothing`() throws {
    let store = randomStore(4)
    try build(store)
    let before = try store.all.map { try bytes($0.value) }
    for bad in [nil, try Tensor.zeros([1])] as [Tensor?] {
      let error = #expect(throws: ParameterError.self) {
        try store.load { $0 == "rms.weight" ? bad : try store[$0]?.value.zerosLike() }
      }
      #expect(error?.description.contains("'rms.weight'") == true)
    }
    #expect(try store.all.map { try bytes($0.value) } == before)
    try store.load { try store[$0]?.value.zerosLike() }
    #expect(try store.all.allSatisfy { try $0.value.norm().item() == 0 })
  }

  @Test func `Random values depend on the seed and the name, and on nothing else`() throws {
    let store = randomStore(4)
    try build(store)
    let alone = randomStore(4)
    _ = try Linear(alone.root / "other", 50, 50)
    _ = try Convolution(alone.root / "conv_in", 3, 8, kernel: 3)
    try expectSame(#require(store["conv_in.weight"]).value, #require(alone["conv_in.weight"]).value)
    let other = randomStore(5)
    try build(other)
    for (a, b) in zip(store.all, other.all) where !["norm", "rms"].contains(a.name.prefix { $0 != "." }) {
      #expect(try bytes(a.value) != bytes(b.value), "\(a.name)")
    }
    let twins = randomStore(4)
    let (a, b) = (try Linear(twins.root / "a", 20, 20), try Linear(twins.root / "b", 20, 20))
    #expect(try bytes(a.weight.value) != bytes(b.weight.value))
    let values = try a.weight.value.doubles().map(Swift.abs)
    #expect(try #require(values.max()) <= 1 / 20.0.squareRoot())
    #expect(values.reduce(0, +) / 400 > 0.4 / 20.0.squareRoot())
  }

  @Test func `Built without memory, a network lists the same names and shapes`() throws {
    let store = randomStore(4)
    try build(store)
    let shapes = ParameterStore(.shapes, device: .meta)
    try build(shapes)
    #expect(shapes.all.map(\.name) == store.all.map(\.name))
    #expect(shapes.all.map(\.value.shape) == store.all.map(\.value.shape))
    #expect(shapes.all.allSatisfy { $0.value.device == .meta })
    #expect(shapes.count == store.count)
  }

  @Test func `Frozen parameters take no gradient, and train again afterwards, even if the body throws`() throws {
    struct Stop: Error {}
    let store = randomStore()
    let layer = try Linear(store.root / "a", 2, 1)
    try layer.bias?.setTrainable(false)
    let x = try Tensor.ones([1, 2]).requiringGrad()
    let y = try store.frozen { try sum(layer(x)) }
    try y.backward()
    #expect(x.gradient != nil)
    #expect(layer.weight.value.gradient == nil)
    #expect(throws: Stop.self) { try store.frozen { throw Stop() } }
    #expect(store.trainable.map(\.name) == ["a.weight"])
  }
}
