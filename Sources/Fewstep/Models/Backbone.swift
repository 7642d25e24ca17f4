import Networks
import Tensors

/// A model family: makes the three roles from a checkpoint (or a closed form), the conditions, and the samples' pixels.
public protocol Backbone: AnyObject {
  /// The kind of decoded samples.
  var medium: Medium { get }
  /// A sample's shape without the batch: [C, H, W] of latents or pixels, [C, F, H, W] of videos, [D] of points.
  var sampleShape: [Int] { get }
  var device: Device { get }
  /// The prompts (or classes) that samples can be conditioned on; a prompt's ID is its position.
  var prompts: [String] { get }
  /// The shape of `Denoiser.features` without the batch, [C, h, w], [C, f, h, w] of videos, or [C]; nil if there are none.
  var featureShape: [Int]? { get }
  /// Metadata by name, such as the architecture. It is written into this family's weight files so that they can be read
  /// back.
  var metadata: [String: String] { get }

  /// The networks' inputs for the prompts with these IDs.
  func condition(_ promptIDs: [Int]) throws -> Condition
  /// The condition for "no prompt", for the same number of samples. Loads no denoiser.
  func unconditional(like condition: Condition) throws -> Condition

  /// The frozen teacher.
  func teacher() throws -> any Teacher
  /// The teacher as a many-step sampler asks it: its schedule may have other levels, and give networks other timesteps, than in
  /// training.
  func teacher(for sampler: SamplerKind) throws -> any Teacher
  /// The many-step sampler that the teacher was published with.
  var sampler: SamplerKind { get }
  /// A student or a fake teacher, whose weights start from the teacher's if the family has pretrained ones.
  ///
  /// - Parameters:
  ///   - adapters: only adapters will be trained, so the weights may share the teacher's memory.
  ///   - studentSteps: the number of the student's steps, for a fake teacher that is told which of them made a sample: its
  ///     network has a `StepEmbedding` and reads `Condition.studentStep`. nil: it is not told. A family without such a
  ///     network ignores the number, and recipes that need it are refused.
  ///   - seed: the seed of random weights.
  func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser

  /// Pixels in 0...1 of samples, [B, C, H, W] of images and [B, C, F, H, W] of videos; nil for points.
  func pixels(_ samples: Tensor) throws -> Tensor?
}

/// The networks that a run trains.
public enum Role: String, Sendable {
  case student
  case fakeTeacher = "fake teacher"
}

extension Backbone {
  public func trainable(_ role: Role, adapters: Bool, seed: Int) throws -> any TrainableDenoiser {
    try trainable(role, adapters: adapters, studentSteps: nil, seed: seed)
  }
  public var featureShape: [Int]? { nil }
  public func teacher(for sampler: SamplerKind) throws -> any Teacher { try teacher() }
  public var sampler: SamplerKind { .ddim }
  public func pixels(_ samples: Tensor) throws -> Tensor? { nil }
  /// The same in the host's memory, decoded `batch` samples at a time.
  package func pixels(_ samples: Tensor, batch: Int) throws -> Tensor? {
    let count = samples.shape[0]
    let parts = try stride(from: 0, to: count, by: batch).compactMap { start in
      try noGrad { try pixels(samples.rows(start..<min(start + batch, count)).to(device))?.to(.cpu) }
    }
    return parts.isEmpty ? nil : try concatenated(parts)
  }

  /// Whether samples are points of the plane, which can be plotted.
  public var isPlanar: Bool { medium == .points && sampleShape == [2] }
}

/// A model family that can be conditioned on any prompt, not only on those it lists.
public protocol TextConditioned: Backbone {
  func condition(prompts: [String]) throws -> Condition
}
