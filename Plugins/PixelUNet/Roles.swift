import Fewstep
import Networks
import Tensors

/// The U-Net in one of its roles: teacher, student and fake teacher are the same network with separate weights.
public final class PixelDenoiser: Teacher, FakeTeacher, Student {
  public let schedule: any NoiseSchedule
  public let prediction = Prediction.flow
  public let parameters: ParameterStore
  private let network: UNet
  private let gradientCheckpointing: Bool

  /// - Parameters:
  ///   - shift: the shift of the rectified flow's times. The network gets σ, so any shift fits its weights.
  ///   - gradientCheckpointing: gradient checkpointing of the residual blocks.
  ///   - studentSteps: tells the network which of so many steps made a sample; nil does not.
  public init(
    _ architecture: Architecture, _ parameters: ParameterStore, shift: Double = 1, gradientCheckpointing: Bool = false,
    studentSteps: Int? = nil
  ) throws {
    schedule = RectifiedFlow(shift: shift)
    self.parameters = parameters
    self.gradientCheckpointing = gradientCheckpointing
    network = try UNet(parameters.root, architecture, studentSteps: studentSteps)
  }

  public func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try network(noisy, embedded(time, condition), gradientCheckpointing: gradientCheckpointing)
  }

  public func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try network.bottleneck(noisy, embedded(time, condition))
  }

  private func embedded(_ time: Tensor, _ condition: Condition) throws -> Tensor {
    let timestep = try Tensor(time.doubles().map { Float(schedule.timestep($0)) }).to(parameters.device)
    return try network.embed(
      timestep, condition.tensor("class"),
      studentStep: network.studentStep == nil ? nil : condition.tensor(Condition.studentStep))
  }
}
