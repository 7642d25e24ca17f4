import Networks
import Tensors
import TestSupport
import Testing

@Suite struct GradientReducerTests {
  /// Gradients after two backward passes, of which only the second travels; `unused` is not in the loss of rank 0.
  private func gradients(_ ranks: Int, checkpointed: Bool) throws -> [[[Double]]] {
    try MemoryCollective.run(ranks) { collective in
      let store = ParameterStore(.random(seed: 2))
      let layers = try (0..<3).map { try Linear(store.root / $0, 4, 4) }
      let unused = try store.root.parameter("unused", [3], .ones)
      let reducer = try GradientReducer(store.all, over: collective)
      func loss(_ row: Int) throws -> Tensor {
        var h = try Noise(seed: row).stream("x", step: 0).normal(0..<1, [4])
        for layer in layers {
          // A block that runs twice adds twice to its gradients in the backward pass.
          for _ in 0..<(checkpointed ? 2 : 1) {
            h = try checkpointed ? checkpoint([h]) { try silu(layer($0[0])) } : silu(layer(h))
          }
        }
        let own = try sum(h.squared())
        return row % ranks == 0 ? own : try own + sum(unused.value.squared())
      }
      // The first update shows how often gradients are added to, one that adds less often: those of the next leave too early.
      try reducer.during { try sum(layers[0](Tensor.ones([1, 4])).squared()).backward() }
      try reducer.finish()
      for parameter in store.all { try parameter.value.setGradient(nil) }
      let rows = (0..<4).filter { $0 % collective.count == collective.rank }
      for row in rows {
        let isLast = row == rows.last
        isLast ? try reducer.during { try loss(row).backward() } : try loss(row).backward()
      }
      try reducer.finish()
      return try store.all.map { try $0.value.gradient!.doubles() }
    }.map { try $0.get() }
  }

  @Test(arguments: [false, true])
  func `Gradients are the sums over all ranks' samples, and the same on each`(_ checkpointed: Bool) throws {
    let two = try gradients(2, checkpointed: checkpointed)
    #expect(two[0] == two[1])
    // One rank's loss has the parameter that the first of two does not use in none of its rows.
    let one = try gradients(1, checkpointed: checkpointed)[0]
    for (a, b) in zip(two[0], one).dropLast() { try expectClose(Tensor(a), Tensor(b), 1e-5) }
    #expect(two[0].last == [4, 4, 4])
  }
}
