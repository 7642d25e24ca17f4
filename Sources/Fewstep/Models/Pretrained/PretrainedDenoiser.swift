import Networks
import Tensors

/// A pretrained model's network in one of its roles.
final class PretrainedDenoiser: Teacher, FakeTeacher, Student {
  let schedule: any NoiseSchedule
  let prediction: Prediction
  let parameters: ParameterStore
  private let network: any ConditionedNetwork
  private let precision: DType?
  private let gradientCheckpointing: Bool

  /// - Parameter precision: the dtype of matrix products and convolutions; nil uses the parameters' dtype.
  init(
    _ network: any ConditionedNetwork, _ parameters: ParameterStore, schedule: any NoiseSchedule,
    prediction: Prediction, precision: DType?, gradientCheckpointing: Bool
  ) {
    self.network = network
    self.parameters = parameters
    self.schedule = schedule
    self.prediction = prediction
    self.precision = precision
    self.gradientCheckpointing = gradientCheckpointing
  }

  /// The output in float32, whatever the precision.
  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try autocast(precision, on: noisy.device) {
      try network.output(
        noisy, timestep(time, on: noisy.device), given: condition,
        gradientCheckpointing: gradientCheckpointing && isGradEnabled)
    }.to(.float32)
  }

  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try autocast(precision, on: noisy.device) {
      try network.features(
        noisy, timestep(time, on: noisy.device), given: condition,
        gradientCheckpointing: gradientCheckpointing && isGradEnabled)
    }.to(.float32)
  }

  private func timestep(_ time: Tensor, on device: Device) throws -> Tensor {
    try Tensor(time.doubles().map { Float(schedule.timestep($0)) }).to(device)
  }
}
