import Networks
import Tensors

/// A model family: from a checkpoint (or a closed form) it makes the three roles and what surrounds them.
public protocol Backbone: AnyObject {
  /// What samples are, without the batch: [C, H, W] of latents or pixels, [C, F, H, W] of videos, [D] for points.
  var sampleShape: [Int] { get }
  var device: Device { get }
  /// What samples can be conditioned on, by number.
  var prompts: [String] { get }
  /// The shape of `Denoiser.features` without the batch, [C, h, w] or [C]; nil where there are none.
  var featureShape: [Int]? { get }
  /// What a file with this family's weights must say about itself, to be read back: the architecture, by name.
  var metadata: [String: String] { get }

  func condition(_ prompts: [Int]) throws -> Condition

  /// The frozen teacher.
  func teacher() throws -> any Teacher
  /// A student with weights of its own, which start from the teacher's where the family allows it.
  func student(seed: Int) throws -> any Student
  /// A fake teacher with weights of its own, likewise.
  func fakeTeacher(seed: Int) throws -> any FakeTeacher
  /// A student of which only adapters will train: its weights may be the teacher's own memory.
  func adaptableStudent(seed: Int) throws -> any Student
  /// A fake teacher of which only adapters will train, likewise.
  func adaptableFakeTeacher(seed: Int) throws -> any FakeTeacher

  /// Pixels [B, C, H, W] in 0...1 of samples, or nil where samples are no images.
  func pixels(_ samples: Tensor) throws -> Tensor?
}

extension Backbone {
  public var featureShape: [Int]? { nil }
  public func adaptableStudent(seed: Int) throws -> any Student { try student(seed: seed) }
  public func adaptableFakeTeacher(seed: Int) throws -> any FakeTeacher { try fakeTeacher(seed: seed) }
  public func pixels(_ samples: Tensor) throws -> Tensor? { nil }
}

/// A model family that can be asked for any text, not only for the prompts it lists.
public protocol TextConditioned: Backbone {
  func condition(texts: [String]) throws -> Condition
}
