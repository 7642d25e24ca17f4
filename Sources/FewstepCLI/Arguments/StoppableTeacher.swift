import Fewstep
import Processes
import Tensors

/// A teacher that Ctrl-C stops between two calls of its network, if `Signals.listen` was called.
final class StoppableTeacher: Teacher {
  private let teacher: any Teacher
  private let words: String
  var schedule: any NoiseSchedule { teacher.schedule }
  var prediction: Prediction { teacher.prediction }

  /// - Parameter words: the message of the error, such as what was saved.
  init(_ teacher: any Teacher, _ words: String) {
    self.teacher = teacher
    self.words = words
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try Signals.check(words)
    return try teacher.modelOutput(for: noisy, at: time, given: condition)
  }

  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try teacher.features(of: noisy, at: time, given: condition)
  }

  func both(from noisy: Tensor, at time: Tensor, given condition: Condition, and unconditional: Condition) throws -> (
    conditional: Tensor, unconditional: Tensor
  ) {
    try Signals.check(words)
    return try teacher.both(from: noisy, at: time, given: condition, and: unconditional)
  }
}
