import Tensors

/// A denoising network. Its parameters belong to the store that it was made in.
public protocol ConditionedNetwork: AnyObject {
  /// The raw output [B, ...] for noisy samples [B, ...].
  ///
  /// - Parameters:
  ///   - timestep: float32 [B], as the schedule counts: `NoiseSchedule.timestep`.
  ///   - condition: the tensors of `PretrainedModel.denoiserInputs`, by name.
  ///   - gradientCheckpointing: compute blocks again in the backward pass instead of keeping their activations.
  func output(_ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool) throws
    -> Tensor
  /// Deep features [B, C, ...] for a discriminator.
  func features(_ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool) throws
    -> Tensor
}
