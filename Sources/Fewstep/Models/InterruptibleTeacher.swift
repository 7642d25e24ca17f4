import Tensors

/// A teacher that can be stopped between two calls of its network, such as by Ctrl-C.
public final class InterruptibleTeacher: Teacher {
  private let teacher: any Teacher
  private let check: () throws -> Void
  public var schedule: any NoiseSchedule { teacher.schedule }
  public var prediction: Prediction { teacher.prediction }

  /// - Parameter check: called before each evaluation; what it throws ends the sampling.
  public init(_ teacher: any Teacher, check: @escaping () throws -> Void) {
    self.teacher = teacher
    self.check = check
  }

  public func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try check()
    return try teacher.modelOutput(for: noisy, at: time, given: condition)
  }

  public func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try teacher.features(of: noisy, at: time, given: condition)
  }
}
