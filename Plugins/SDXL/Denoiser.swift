import Fewstep
import Networks
import Tensors

/// SDXL's U-Net in one of its roles.
final class SDXLDenoiser: Teacher, FakeTeacher, Student {
  let schedule: any NoiseSchedule
  let prediction: Prediction
  let parameters: ParameterStore
  private let network: UNet
  private let precision: DType?
  private let gradientCheckpointing: Bool

  /// What stands for "no prompt": [1, L, C] and [1, P].
  struct Unconditional {
    let text: Tensor
    let pooled: Tensor
  }

  /// - Parameters:
  ///   - precision: what matrix products and convolutions are computed in; nil leaves it to the parameters' own dtype.
  ///   - gradientCheckpointing: gradient checkpointing.
  init(
    _ network: UNet, _ parameters: ParameterStore, schedule: DiscreteVP, prediction: Prediction,
    precision: DType?, gradientCheckpointing: Bool
  ) {
    self.network = network
    self.parameters = parameters
    self.schedule = schedule
    self.prediction = prediction
    self.precision = precision
    self.gradientCheckpointing = gradientCheckpointing
  }

  /// In float32, whatever was computed in.
  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try asked(noisy, time, condition) {
      try network(
        $0, $1, text: $2, pooled: $3, timeIDs: $4, gradientCheckpointing: gradientCheckpointing && isGradEnabled)
    }
  }

  /// The middle block's, [B, C, h, w].
  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try asked(noisy, time, condition) {
      try network.middle(
        $0, $1, text: $2, pooled: $3, timeIDs: $4, gradientCheckpointing: gradientCheckpointing && isGradEnabled)
    }
  }

  private func asked(
    _ noisy: Tensor, _ time: Tensor, _ condition: Condition,
    _ network: (Tensor, Tensor, Tensor, Tensor, Tensor) throws -> Tensor
  ) throws -> Tensor {
    let steps = try Tensor(time.doubles().map { Float(schedule.timestep($0)) }).to(noisy.device)
    return try autocast(precision, on: noisy.device) {
      try network(
        noisy, steps, condition.tensor("text"), condition.tensor("pooled"), condition.tensor("time-ids"))
    }.to(.float32)
  }
}
