import Networks
import Tensors
import TestSupport
import Testing

@Suite struct LoRATests {
  /// Two linear layers, two convolutions and an embedding.
  private struct Network {
    let store = randomStore(3)
    let classes: Embedding
    let first: Linear
    let second: Linear
    let plane: Convolution
    let line: Convolution

    init() throws {
      classes = try Embedding(store.root / "classes", count: 4, width: 6)
      first = try Linear(store.root / "blocks" / 0 / "to_q", 6, 5)
      second = try Linear(store.root / "blocks" / 0 / "to_out" / 0, 5, 12, bias: false)
      plane = try Convolution(store.root / "conv", 3, 4, kernel: 3)
      line = try Convolution(store.root / "line", 4, 2, kernel: 3, dimensions: 1, stride: 2)
    }

    func callAsFunction(_ indices: Tensor) throws -> Tensor {
      let h = try second(silu(first(classes(indices))))
      return try line(plane(h.reshaped([-1, 3, 2, 2])).reshaped([-1, 4, 4]))
    }
  }

  private func indices() throws -> Tensor { try Tensor([0, 3, 1, 1, 2]) }

  private func attached(_ network: Network, _ patterns: [String]) throws -> Int {
    try LoRA.attach(to: network.store, patterns: patterns, rank: 2, alpha: 6, seed: 5)
  }

  @Test func `Adapters change nothing before training`() throws {
    let network = try Network()
    let before = try network(indices())
    #expect(try attached(network, ["*"]) == 4)
    try expectSame(before, network(indices()))
  }

  @Test func `Adapters on weights in bfloat16 are float32, and learn what bfloat16 would lose`() throws {
    let store = ParameterStore(.random(seed: 3), dtype: .bfloat16)
    let layer = try Linear(store.root / "to_q", 6, 5)
    try LoRA.attach(to: store, patterns: ["*"], rank: 2, alpha: 2, seed: 1)
    #expect(store.trainable.map(\.value.dtype) == [.float32, .float32])
    let optimizer = try AdamW(store.trainable, .init(learningRate: 1e-5, weightDecay: 0))
    let x = try normal("x", [4, 6])
    let before = try store.trainable.map { try $0.value.cloned() }
    for _ in 0..<2 {
      let loss = try autocast(.bfloat16, on: .cpu) { try sum(layer(x).to(.float32).squared()) }
      try loss.backward()
      try optimizer.step()
    }
    for (old, parameter) in zip(before, store.trainable) {
      #expect(try bytes(old.detached()) != bytes(parameter.value.detached()), "\(parameter.name)")
    }
    let merged = try LoRA.merged(store)
    #expect(merged.map(\.1.dtype) == [.float32, .bfloat16])
  }

  @Test func `Only adapters get gradients, and every one of them does`() throws {
    let network = try Network()
    _ = try attached(network, ["*"])
    // With `up` at zero, `down` has a gradient of zero.
    for parameter in network.store.trainable where parameter.name.hasSuffix("lora_B.weight") {
      try fill(parameter, Array(repeating: 0.1, count: parameter.value.count))
    }
    try sum(network(indices()).squared()).backward()
    for parameter in network.store.all {
      let isAdapter = parameter.name.contains(".lora_")
      #expect(parameter.isTrainable == isAdapter, "\(parameter.name)")
      let norm = try parameter.value.gradient?.norm().item() ?? 0
      #expect((norm > 0) == isAdapter, "\(parameter.name): \(norm)")
    }
  }

  @Test func `Merged into the weights, adapters do the same, and their names are gone`() throws {
    let network = try Network()
    let names = network.store.all.map(\.name)
    _ = try attached(network, ["*"])
    for (index, parameter) in network.store.trainable.enumerated() {
      let values = (0..<parameter.value.count).map { Float(($0 * 7 + index) % 5 - 2) * 0.1 }
      try fill(parameter, values.map(Double.init))
    }
    let merged = try LoRA.merged(network.store)
    #expect(merged.map(\.0) == names)
    let plain = try Network()
    let state = Dictionary(uniqueKeysWithValues: merged)
    try plain.store.load { state[$0] }
    let (a, b) = try (network(indices()).doubles(), plain(indices()).doubles())
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-5) }
    #expect(try network(indices()).doubles() != Network()(indices()).doubles())
  }

  @Test func `Adapters are named as PEFT names them and shaped by their layer`() throws {
    let network = try Network()
    _ = try attached(network, ["to_q", "to_out.0", "conv"])
    let shapes = Dictionary(uniqueKeysWithValues: network.store.all.map { ($0.name, $0.value.shape) })
    #expect(shapes["blocks.0.to_q.lora_A.weight"] == [2, 6])
    #expect(shapes["blocks.0.to_q.lora_B.weight"] == [5, 2])
    #expect(shapes["blocks.0.to_out.0.lora_A.weight"] == [2, 5])
    #expect(shapes["conv.lora_A.weight"] == [2, 3, 3, 3])
    #expect(shapes["conv.lora_B.weight"] == [4, 2, 1, 1])
    #expect(shapes["line.lora_A.weight"] == nil)
    #expect(network.store.trainable.count == 6)
  }

  @Test func `A pattern that matches nothing is an error that names it`() throws {
    let network = try Network()
    let error = #expect(throws: ParameterError.self) { _ = try attached(network, ["to_q", "to_queue"]) }
    #expect(error?.description.contains("to_queue") == true)
    // A pattern matches the end of a path, not of a word.
    #expect(throws: ParameterError.self) { _ = try attached(try Network(), ["q"]) }
  }

  @Test func `The output is that of the merged weight`() throws {
    let network = try Network()
    _ = try attached(network, ["*"])
    for parameter in network.store.trainable {
      try fill(parameter, normal(parameter.name, parameter.value.shape).doubles().map { 0.3 * $0 })
    }
    let adapted = try network(indices())
    let merged = try Network()
    for parameter in merged.store.all where network.store["\(parameter.name.dropLast(7)).lora_A.weight"] != nil {
      let layer = parameter.name.dropLast(7)
      let down = try #require(network.store["\(layer).lora_A.weight"]).value.detached()
      let up = try #require(network.store["\(layer).lora_B.weight"]).value.detached()
      let update = try matmul(up.reshaped([up.shape[0], 2]), down.reshaped([2, -1])) * 3
      try noGrad {
        try parameter.value.copy(from: parameter.value.detached() + update.reshaped(parameter.value.shape))
      }
    }
    try expectClose(adapted, merged(indices()), 1e-4)
    #expect(try Swift.abs(sum(adapted - Network()(indices())).item()) > 0.1)
  }

  @Test func `Adapters start as a function of the seed and their names`() throws {
    let (a, b) = (try Network(), try Network())
    _ = try attached(a, ["*"])
    _ = try attached(b, ["conv"])
    try expectSame(#require(a.store["conv.lora_A.weight"]).value, #require(b.store["conv.lora_A.weight"]).value)
    let c = try Network()
    try LoRA.attach(to: c.store, patterns: ["conv"], rank: 2, alpha: 6, seed: 6)
    #expect(
      try bytes(#require(c.store["conv.lora_A.weight"]).value) != bytes(#require(b.store["conv.lora_A.weight"]).value))
  }

  @Test func `A shared network is its owner's memory, trains by adapters alone, and stores nothing else`() throws {
    let owner = randomStore(3)
    let first = try Linear(owner.root / "to_q", 6, 5)
    try owner.setTrainable(false)
    let store = ParameterStore(.shared(owner))
    let second = try Linear(store.root / "to_q", 6, 5)
    let x = try normal("x", [2, 6])
    try expectSame(first(x), second(x))
    #expect(store.state.isEmpty)
    #expect(throws: ParameterError.self) { try store.setTrainable(true) }

    try LoRA.attach(to: store, patterns: ["*"], rank: 2, alpha: 2, seed: 1)
    try fill(store["to_q.lora_B.weight"]!, Array(repeating: 0.1, count: 10))
    #expect(store.state.map(\.name) == ["to_q.lora_A.weight", "to_q.lora_B.weight"])
    #expect(owner.trainable.isEmpty)
    // The owner does not change when the other one learns, but the other one sees the owner's changes.
    #expect(try bytes(first(x)) != bytes(second(x)))
    let before = try second(x)
    try noGrad { try owner["to_q.weight"]!.value.copy(from: owner["to_q.weight"]!.value * 2) }
    #expect(try bytes(before) != bytes(second(x)))
  }

  @Test func `A shared network of another shape is refused by name`() throws {
    let owner = randomStore(3)
    _ = try Linear(owner.root / "to_q", 6, 5)
    #expect { _ = try Linear(ParameterStore(.shared(owner)).root / "to_q", 6, 4) } throws: {
      "\($0)".contains("to_q.weight")
    }
    #expect { _ = try Linear(ParameterStore(.shared(owner)).root / "to_k", 6, 5) } throws: {
      "\($0)".contains("to_k.weight")
    }
  }
}
