import Networks
import Tensors
import TestSupport
import Testing

@Suite struct BlockMemoryTests {
  /// Bytes that are alive after each of four passes forward and backward.
  private func alive(_ pass: @escaping @Sendable (ParameterStore, Block, Linear) throws -> Void, ranks: Int) throws
    -> [Int]
  {
    let results = MemoryCollective.run(ranks) { collective in
      try Measured.during {
        let store = Sharding.$current.withValue(ranks > 1 ? Sharding(over: DeviceMesh(collective)) : nil) {
          ParameterStore(.random(seed: 1))
        }
        let block = (store.root / "block").asBlock()
        let linear = try Linear(block.scope, 64, 64)
        return try (0..<4).map { _ in
          for parameter in store.all { try parameter.value.setGradient(nil) }
          try pass(store, block, linear)
          for parameter in store.all { try parameter.value.setGradient(nil) }
          return Measured.bytes(on: .cpu).current
        }
      }
    }
    return try results[0].get()
  }

  @Test(arguments: [1, 2]) func `A pass leaves nothing behind`(_ ranks: Int) throws {
    let bytes = try alive(
      { _, block, linear in
        let y = try block([Tensor.ones([8, 64])], recomputing: true) { try silu(linear($0[0])) }
        try sum(y.squared()).backward()
      }, ranks: ranks)
    #expect(Set(bytes.dropFirst()).count == 1, "\(bytes)")
  }
}
