import Networks
import Tensors

/// A network (or a closed form) that estimates the clean sample in a noisy one.
///
/// Laws: a sample's output depends only on that sample, its time and its condition, not on the rest of its batch. With
/// gradients enabled the output carries its graph.
public protocol Denoiser: AnyObject {
  var schedule: any NoiseSchedule { get }
  /// The quantity that `modelOutput` predicts; also the space in which the denoising error is measured.
  var prediction: Prediction { get }

  /// The network's raw output for noisy [B, ...] at time [B] (0 clean, 1 noise; kept on the CPU).
  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor

  /// Deep features [B, C, ...] of a noisy sample, for a discriminator. Throws if the network has none.
  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor
}

extension Denoiser {
  /// x̂0 [B, ...], the denoiser's estimate of the clean sample.
  public func denoise(from noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    let output = try modelOutput(for: noisy, at: time, given: condition)
    guard prediction != .sample else { return output }
    // Near pure noise α is small and magnifies rounding in a noise prediction, so DMD2 computes this in float64.
    let exact = try prediction == .noise ? noisy.to(.float64) : noisy
    let (alpha, sigma) = try schedule.coefficients(time, like: exact)
    return try prediction.clean(output.to(exact.dtype), noisy: exact, alpha: alpha, sigma: sigma).to(noisy.dtype)
  }

  /// The mean squared error [B] of the output for samples noised by `noise`.
  public func denoisingError(_ samples: Tensor, _ noise: Tensor, at time: Tensor, given condition: Condition) throws
    -> Tensor
  {
    let (alpha, sigma) = try schedule.coefficients(time, like: samples)
    let output = try modelOutput(for: alpha * samples + sigma * noise, at: time, given: condition)
    return try (output - prediction.target(samples, noise: noise, alpha: alpha, sigma: sigma)).squared().meanPerSample()
  }

  public func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    throw Failure(
      .malformed, at: "\(type(of: self))", "it has no features for a discriminator to read (objective.gan.features)")
  }
}

/// Something with parameters that an optimizer moves.
public protocol Trainable: AnyObject {
  var parameters: ParameterStore { get }
}

/// φ: the frozen many-step model. `Guidance` combines its predictions with and without the condition.
public protocol Teacher: Denoiser {}

/// ψ: tracks the student's own distribution, trained on its samples as they come.
public protocol FakeTeacher: Denoiser, Trainable {}

/// G_θ: makes samples in a few steps. The student owns its step list, which is stored with its weights.
public protocol Student: Denoiser, Trainable {}

/// A network that can play either of the two trained roles.
public typealias TrainableDenoiser = Student & FakeTeacher
