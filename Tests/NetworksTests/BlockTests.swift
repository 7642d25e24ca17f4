import Networks
import Tensors
import TestSupport
import Testing

/// Blocks of which each rank holds some rows.
@Suite struct BlockTests {
  private final class Network {
    let store: ParameterStore
    private let layers: [(block: Block, linear: Linear)]

    init(_ source: ParameterStore.Source = .random(seed: 4)) throws {
      let store = ParameterStore(source)
      self.store = store
      // Three rows do not divide by two, and one row not at all.
      layers = try [(5, 3), (3, 1), (1, 5)].enumerated().map { index, sizes in
        let block = (store.root / "blocks" / index).asBlock()
        return (block, try Linear(block.scope, sizes.0, sizes.1))
      }
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      try layers.reduce(x) { x, layer in try layer.block([x], recomputing: false) { try silu(layer.linear($0[0])) } }
    }
  }

  @Test(arguments: [2, 3, 4])
  func `A sharded network gives the outputs and gradients of a whole one`(_ ranks: Int) throws {
    let whole = try Network()
    let x = try Noise(seed: 1).stream("x", step: 0).normal(0..<4, [5])
    let expected = try whole(x)
    try sum(expected.squared()).backward()
    let values = try whole.store.all.map { try ($0.value.doubles(), $0.value.gradient!.doubles()) }
    let (inputs, outputs) = (try x.doubles(), try expected.doubles())
    let results = MemoryCollective.run(ranks) { collective in
      let sharding = Sharding(over: DeviceMesh(collective))
      let network = try Sharding.$current.withValue(sharding) { try Network() }
      let x = try Tensor(inputs, shape: [4, 5]).to(.float32)
      let y = try network(x)
      // Each rank has a part of the loss; their sum is the whole.
      try (sum(y.squared()) / Double(collective.count)).backward()
      for (parameter, (value, gradient)) in zip(network.store.all, values) {
        let shard = try #require(parameter.shard)
        func rows(_ numbers: [Double]) throws -> Tensor {
          try shard.rows(of: Tensor(numbers, shape: shard.shape)).to(.float32)
        }
        #expect(parameter.value.shape[0] == shard.rows.count)
        try expectClose(parameter.value, rows(value), 0, parameter.name)
        if let own = parameter.value.gradient {
          try expectClose(own, rows(gradient), 1e-5, parameter.name)
        } else {
          #expect(shard.rows.isEmpty)
        }
        try expectClose(parameter.whole(), Tensor(value, shape: shard.shape).to(.float32), 0, parameter.name)
      }
      return try y.doubles()
    }
    for result in results { try expectClose(Tensor(result.get()), Tensor(outputs), 1e-5) }
  }

  @Test func `In bfloat16 matrices travel rounded, and outputs and gradients are those of a whole network`() throws {
    @Sendable func run() throws -> (output: [Double], gradients: [[Double]]) {
      let network = try Network()
      let x = try Noise(seed: 1).stream("x", step: 0).normal(0..<4, [5])
      let y = try autocast(.bfloat16, on: .cpu) { try network(x).to(.float32) }
      try sum(y.squared()).backward()
      return (try y.doubles(), try network.store.all.map { try $0.value.gradient?.doubles() ?? [] })
    }
    let whole = try run()
    // One rank has the loss, so that sums over ranks round nothing.
    let results = MemoryCollective.run(1) { collective in
      try Sharding.$current.withValue(Sharding(over: DeviceMesh(collective))) { try run() }
    }
    let divided = try results[0].get()
    #expect(divided == whole)
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func `The first rank runs a sharded network alone while the others answer`(_ precision: DType) throws {
    let x = try Noise(seed: 1).stream("x", step: 0).normal(0..<4, [5]).doubles()
    @Sendable func run(_ network: Network) throws -> [Double] {
      try noGrad { try autocast(precision, on: .cpu) { try network(Tensor(x, shape: [4, 5]).to(.float32)) } }
        .to(.float32).doubles()
    }
    let expected = try run(Network())
    let results = MemoryCollective.run(3) { collective in
      let network = try Sharding.$current.withValue(Sharding(over: DeviceMesh(collective))) { try Network() }
      var found = [Double]()
      let decision = try collective.agree {
        for _ in 0..<2 { found = try run(network) }
        return 7
      }
      return (decision, found)
    }
    let values = try results.map { try $0.get() }
    #expect(values.map(\.0) == [7, 7, 7] && values[1].1.isEmpty)
    try expectClose(Tensor(values[0].1), Tensor(expected), 1e-5)
  }

  @Test func `Frozen parameters of a pass get no gradient when it runs again`() throws {
    let results = MemoryCollective.run(2) { collective in
      let network = try Sharding.$current.withValue(Sharding(over: DeviceMesh(collective))) { try Network() }
      let x = try Tensor.ones([2, 5]).requiringGrad()
      let y = try network.store.frozen { try network(x) }
      try sum(y).backward()
      return (network.store.all.allSatisfy { $0.value.gradient == nil }, x.gradient != nil)
    }
    for result in results { #expect(try result.get() == (true, true)) }
  }
}
