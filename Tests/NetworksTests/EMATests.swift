import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct EMATests {
  private func parameter() throws -> Parameter {
    let parameter = try randomStore().root.parameter("w", [2], .ones)
    try fill(parameter, [1, 10])
    return parameter
  }

  @Test func `A constant decay keeps that share of the average at each update`() throws {
    let parameter = try parameter()
    let ema = try EMA([parameter], .constant(0.75))
    try fill(parameter, [5, -10])
    try ema.update()
    try expectClose(ema.state[0].tensor, Tensor([2, 5.0]))
    try ema.update()
    try expectClose(ema.state[0].tensor, Tensor([2.75, 1.25]))
    #expect(ema.updateCount == 2)
  }

  @Test func `An average that begins later is the weights until then`() throws {
    let parameter = try parameter()
    let ema = try EMA([parameter], .constant(0.75, start: 2))
    for (value, expected) in [(5.0, 5.0), (7, 7), (11, 8)] {
      try fill(parameter, [value, value])
      try ema.update()
      try expectClose(ema.state[0].tensor, Tensor([expected, expected]))
    }
  }

  @Test func `A power average begins with the first value and weighs by the power of the time`() throws {
    let parameter = try parameter()
    let gamma = 3.0
    let ema = try EMA([parameter], .power(gamma: gamma))
    var expected = 1.0
    for update in 1...5 {
      let value = Double(update * update)
      try fill(parameter, [value, value])
      try ema.update()
      let decay = pow(1 - 1 / Double(update), gamma + 1)
      expected = decay * expected + (1 - decay) * value
      try expectClose(ema.state[0].tensor, Tensor([expected, expected]), 1e-5)
      if update == 1 { #expect(expected == 1) }
    }
  }

  @Test func `Averages stand in for the parameters while a body runs, and no longer, even if it throws`() throws {
    struct Stop: Error {}
    let parameter = try parameter()
    let ema = try EMA([parameter], .constant(0.5))
    try fill(parameter, [3, 20])
    try ema.update()
    try ema.applied { try expectClose(parameter.value, Tensor([2, 15.0])) }
    try expectClose(parameter.value, Tensor([3, 20.0]))
    #expect(throws: Stop.self) {
      try ema.applied {
        try expectClose(parameter.value, Tensor([2, 15.0]))
        throw Stop()
      }
    }
    try expectClose(parameter.value, Tensor([3, 20.0]))
    try expectClose(ema.state[0].tensor, Tensor([2, 15.0]))
    #expect(parameter.isTrainable)
  }

  @Test func `An average goes on from its saved state as if it had never stopped`() throws {
    let parameter = try parameter()
    let whole = try EMA([parameter], .power(gamma: 2))
    let first = try EMA([parameter], .power(gamma: 2))
    for value in [4.0, 9] {
      try fill(parameter, [value, -value])
      try whole.update()
      try first.update()
    }
    let saved = try first.state[0].tensor.cloned()
    let second = try EMA([parameter], .power(gamma: 2))
    try second.load(updateCount: first.updateCount) { $0 == "w" ? saved : nil }
    for value in [1.0, 2] {
      try fill(parameter, [value, -value])
      try whole.update()
      try second.update()
    }
    try expectSame(whole.state[0].tensor, second.state[0].tensor)
    #expect(throws: ParameterError.self) { try second.load(updateCount: 1) { _ in nil } }
    #expect(throws: ParameterError.self) { try second.load(updateCount: 1) { _ in try .zeros([3]) } }
  }
}
