import Tensors

extension Scene {
  /// Real samples for the discriminator: as many as the scene's, with their own conditions.
  public struct RealBatch {
    public let samples: Tensor
    public let condition: Condition
    /// Times [B] and noises of the discriminator's inputs, for real and generated samples.
    public let time: Tensor
    public let realNoise: Tensor
    public let fakeNoise: Tensor

    public init(samples: Tensor, condition: Condition, time: Tensor, realNoise: Tensor, fakeNoise: Tensor) {
      self.samples = samples
      self.condition = condition
      self.time = time
      self.realNoise = realNoise
      self.fakeNoise = fakeNoise
    }
  }

  /// The student's and the teacher's samples from the same recorded noises, [B, ...] each.
  public struct Pairs {
    /// With the student's graph.
    public let student: Tensor
    public let teacher: Tensor

    public init(student: Tensor, teacher: Tensor) {
      self.student = student
      self.teacher = teacher
    }
  }
}
