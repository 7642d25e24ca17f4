import Fewstep
import Tensors
import TestSupport

/// Four samples in two groups and constant teachers, so that everything can be computed by hand.
struct HandComputation {
  let samples: Tensor
  let conditional: Tensor
  let unconditional: Tensor
  let fake: Tensor
  let noise: Tensor
  let rewards: Tensor
  let guidance = 3.0

  init() throws {
    samples = try Tensor([0.5, 1, -1, 0, 2, -2, 0.25, 0.75], shape: [4, 2]).to(.float32).requiringGrad()
    conditional = try Tensor([1, 1, 0, 1, 1, -1, 0.5, 0.5], shape: [4, 2]).to(.float32)
    unconditional = try Tensor([0.5, 0, 0.5, 1, 2, -1, 0, 0], shape: [4, 2]).to(.float32)
    fake = try Tensor([0, 1, -0.5, 0.5, 1, -2, 0.5, 1], shape: [4, 2]).to(.float32)
    noise = try normal("hand", [4, 2])
    rewards = try Tensor([Float(1), 2, -3, 5])
  }

  func scene() throws -> Scene {
    Scene(
      samples: samples, condition: try Condition(classes: [0, 0, 1, 1]), time: try Tensor([0.2, 0.4, 0.6, 0.8]),
      noise: noise, matching: Matching(guidance: Guidance(guidance)),
      teacher: FormulaDenoiser.constant(conditional, unconditional),
      fakeTeacher: FormulaDenoiser.constant(fake), unconditional: { $0 },
      batchRewards: try BatchRewards(rewards: rewards, groupAdvantage: GroupAdvantage(groupSize: 2, clip: 0.5)))
  }

  /// Rows of a tensor.
  static func rows(_ tensor: Tensor) throws -> [[Double]] {
    let flat = try tensor.detached().doubles()
    return stride(from: 0, to: flat.count, by: 2).map { Array(flat[$0..<$0 + 2]) }
  }
}
