import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct OptimizerTests {
  /// Trains with a loss that pulls all parameters to a target, which differs at each step.
  private func descend(_ store: ParameterStore, _ optimizer: AdamW, _ steps: Range<Int>) throws {
    for step in steps {
      var loss = try Tensor.zeros([])
      for parameter in store.all {
        let target = try normal("target \(parameter.name) \(step)", parameter.value.shape)
        loss = try loss + mse(parameter.value, target)
      }
      try loss.backward()
      try optimizer.step(factor: 1 / Double(step + 1))
    }
  }

  private func network(_ seed: Int) throws -> ParameterStore {
    let store = randomStore(seed)
    _ = try Linear(store.root / "a", 3, 4)
    _ = try Linear(store.root / "b", 4, 2)
    return store
  }

  private let settings = AdamW.Settings(learningRate: 0.05, betas: [0.8, 0.95], weightDecay: 0.1)

  @Test func `A first step of AdamW decays, then moves by the learning rate against the gradient`() throws {
    let parameter = try randomStore().root.parameter("w", [3], .ones)
    try fill(parameter, [1, -2, 3])
    let optimizer = try AdamW(
      [parameter], AdamW.Settings(learningRate: 0.1, betas: [0.9, 0.99], weightDecay: 0.5, epsilon: 1e-3))
    try pull(parameter, [0.5, -4, 0])
    try optimizer.step()
    // The bias-corrected means are g and g².
    let expected = [1 * 0.95 - 0.1 * 0.5 / 0.501, -2 * 0.95 + 0.1 * 4 / 4.001, 3 * 0.95]
    try expectClose(parameter.value, Tensor(expected), 1e-6)
    #expect(parameter.value.gradient == nil)
    #expect(optimizer.stepCount == 1)
  }

  @Test func `AdamW goes on from its saved state as if it had never stopped`() throws {
    let whole = try network(1)
    let wholeOptimizer = try AdamW(whole.trainable, settings)
    try descend(whole, wholeOptimizer, 0..<6)

    let first = try network(1)
    let firstOptimizer = try AdamW(first.trainable, settings)
    try descend(first, firstOptimizer, 0..<3)
    let weights = try Dictionary(uniqueKeysWithValues: first.state.map { ($0.name, try $0.tensor.detached().cloned()) })
    let state = try Dictionary(uniqueKeysWithValues: firstOptimizer.state.map { ($0.name, try $0.tensor.cloned()) })

    let second = try network(2)
    try second.load { weights[$0] }
    let secondOptimizer = try AdamW(second.trainable, settings)
    try secondOptimizer.load(stepCount: firstOptimizer.stepCount) { state[$0] }
    try descend(second, secondOptimizer, 3..<6)

    for (a, b) in zip(whole.state, second.state) { try expectSame(a.tensor, b.tensor) }
    for (a, b) in zip(wholeOptimizer.state, secondOptimizer.state) {
      #expect(a.name == b.name)
      try expectSame(a.tensor, b.tensor)
    }
    #expect(secondOptimizer.stepCount == 6)
  }

  @Test func `AdamW's moments are those of their elements, whatever a weight's layout`() throws {
    let noise = Noise(seed: 5)
    func random(_ name: String) throws -> Tensor { try noise.stream(name, step: 0).normal(0..<4, [3, 2, 2]) }
    let store = ParameterStore(.checkpoint { try random($0) })
    // Convolutions' weights are stored channels last.
    let weight = try store.root.parameter("weight", [4, 3, 2, 2], .zeros)
    let gradient = try random("gradient")
    try weight.value.setGradient(gradient.channelsLast())
    let optimizer = try AdamW([weight], .init(learningRate: 0.1, betas: [0.9, 0.99]))
    try optimizer.step()
    try expectClose(optimizer.state[0].tensor, gradient * 0.1, 1e-6)
    try expectClose(optimizer.state[1].tensor, gradient.squared() * 0.01, 1e-6)
  }

  @Test func `AdamW's state has two tensors of each parameter, by its name, and refuses to load less`() throws {
    let store = try network(1)
    let optimizer = try AdamW(store.trainable, settings)
    let names = store.all.map(\.name)
    #expect(optimizer.state.map(\.name) == names.map { "first/\($0)" } + names.map { "second/\($0)" })
    let missing = #expect(throws: ParameterError.self) {
      try optimizer.load(stepCount: 1) { $0 == "second/b.bias" ? nil : try Tensor.zeros([4, 3]) }
    }
    #expect(missing?.description.contains("first/a.bias") == true)
    let misshapen = #expect(throws: ParameterError.self) {
      try optimizer.load(stepCount: 1) { _ in try Tensor.zeros([7]) }
    }
    #expect(misshapen?.description.contains("[7]") == true)
    #expect(optimizer.stepCount == 0)
  }

  @Test func `Clipping returns the norm of all gradients together and scales them where it is above the limit`() throws
  {
    let store = randomStore()
    let a = try store.root.parameter("a", [2], .zeros)
    let b = try store.root.parameter("b", [1, 2], .zeros)
    let idle = try store.root.parameter("idle", [2], .zeros)
    try pull(a, [3, 0])
    try pull(b, [0, 4])
    #expect(try clipGradients([a, b, idle], to: nil) == 5)
    #expect(try clipGradients([a, b, idle], to: 10) == 5)
    try expectSame(#require(a.value.gradient), Tensor([Float(3), 0]))
    #expect(try clipGradients([a, b, idle], to: 0.5) == 5)
    try expectClose(#require(a.value.gradient), Tensor([0.3, 0]))
    try expectClose(#require(b.value.gradient), Tensor([0, 0.4], shape: [1, 2]))
    #expect(idle.value.gradient == nil)
    #expect(try clipGradients([idle], to: 1) == 0)
  }

  @Test func `A learning rate rises in equal steps and stays`() {
    let schedule = LearningRateSchedule(.constant, warmUp: 4, total: 10)
    #expect((0..<6).map(schedule.factor) == [0.25, 0.5, 0.75, 1, 1, 1])
    #expect(LearningRateSchedule(total: 10).factor(at: 0) == 1)
  }

  @Test func `A cosine falls from 1 after the warm-up to its floor at the end and stays there`() {
    let schedule = LearningRateSchedule(.cosine, warmUp: 2, total: 12, floor: 0.2)
    let factors = (0..<14).map(schedule.factor)
    #expect(factors[0...1] == [0.5, 1])
    #expect(factors[2] == 1)
    #expect(Swift.abs(factors[7] - 0.6) < 1e-12)
    #expect(Swift.abs(factors[4] - (0.2 + 0.4 * (1 + cos(0.2 * .pi)))) < 1e-12)
    #expect(Swift.abs(factors[12] - 0.2) < 1e-12)
    #expect(Swift.abs(factors[13] - 0.2) < 1e-12)
    #expect(zip(factors[2...12], factors[3...13]).allSatisfy { $0 >= $1 })
  }
}
