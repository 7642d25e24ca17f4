import Networks
import Tensors

/// A model family: from a checkpoint (or a closed form) it makes the three roles and what surrounds them.
public protocol Backbone: AnyObject {
  /// What samples are, without the batch: [C, H, W] of latents or pixels, [D] for points.
  var sampleShape: [Int] { get }
  var device: Device { get }
  /// What samples can be conditioned on, by number.
  var prompts: [String] { get }
  /// The channels of `Denoiser.features`, nil where there are none.
  var featureChannels: Int? { get }
  /// What a file with this family's weights must say about itself, to be read back: the architecture, by name.
  var metadata: [String: String] { get }

  func condition(_ prompts: [Int]) throws -> Condition

  /// The frozen teacher.
  func teacher() throws -> any Teacher
  /// A student with weights of its own, which start from the teacher's where the family allows it.
  func student(seed: Int) throws -> any Student
  /// A fake teacher with weights of its own, likewise.
  func fakeTeacher(seed: Int) throws -> any FakeTeacher

  /// Pixels [B, C, H, W] in 0...1 of samples, or nil where samples are no images.
  func pixels(_ samples: Tensor) throws -> Tensor?
}

extension Backbone {
  public var featureChannels: Int? { nil }
  public func pixels(_ samples: Tensor) throws -> Tensor? { nil }
}
