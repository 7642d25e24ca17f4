import Fewstep
import Networks
import Tensors

/// Counts the calls of a teacher.
package final class CountingTeacher: Teacher {
  package let schedule: any NoiseSchedule
  package let prediction: Prediction
  private let teacher: any Teacher
  /// The number of samples of each call.
  package private(set) var calls = [Int]()

  package init(_ teacher: any Teacher) {
    self.teacher = teacher
    schedule = teacher.schedule
    prediction = teacher.prediction
  }

  package func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    calls.append(noisy.shape[0])
    return try teacher.modelOutput(for: noisy, at: time, given: condition)
  }
}

package final class CountingFakeTeacher: FakeTeacher {
  package let schedule: any NoiseSchedule
  package let prediction: Prediction
  package var parameters: ParameterStore { fakeTeacher.parameters }
  private let fakeTeacher: any FakeTeacher
  package private(set) var calls = [Int]()

  package init(_ fakeTeacher: any FakeTeacher) {
    self.fakeTeacher = fakeTeacher
    schedule = fakeTeacher.schedule
    prediction = fakeTeacher.prediction
  }

  package func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    calls.append(noisy.shape[0])
    return try fakeTeacher.modelOutput(for: noisy, at: time, given: condition)
  }
}

/// A denoiser given by a formula for x̂0 of (x_t, α, σ, condition); as a fake teacher it has nothing to train.
package final class FormulaDenoiser: Teacher, FakeTeacher {
  package let schedule: any NoiseSchedule
  package let prediction = Prediction.sample
  package let parameters = ParameterStore(.random(seed: 0))
  private let formula: (_ noisy: Tensor, _ alpha: Tensor, _ sigma: Tensor, _ condition: Condition) throws -> Tensor

  package init(
    _ schedule: any NoiseSchedule = RectifiedFlow(),
    formula: @escaping (_ noisy: Tensor, _ alpha: Tensor, _ sigma: Tensor, _ condition: Condition) throws -> Tensor
  ) {
    self.schedule = schedule
    self.formula = formula
  }

  /// Constant x̂0 [B, ...], with another value for the condition "none".
  package static func constant(_ conditional: Tensor, _ unconditional: Tensor? = nil) -> FormulaDenoiser {
    FormulaDenoiser { noisy, _, _, _ in
      noisy.shape[0] == conditional.shape[0]
        ? conditional : try concatenated([conditional, unconditional ?? conditional])
    }
  }

  package func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    let (alpha, sigma) = try schedule.coefficients(time, like: noisy)
    return try formula(noisy, alpha, sigma, condition)
  }
}

/// A reward given by a formula.
package final class FormulaReward: RewardProxy {
  private let formula: (Tensor) throws -> Tensor
  package init(_ formula: @escaping (Tensor) throws -> Tensor) { self.formula = formula }
  package func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    try formula(samples)
  }
}

/// An objective with a finite loss and a gradient that is not finite.
package final class PoisonousObjective: MatchingObjective {
  package init() {}

  package func studentLoss(_ scene: Scene) throws -> Loss { Loss(try sum(sqrt(scene.samples * 0.0))) }
  package func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

extension TrainingComponents {
  /// The same components with another objective and another reward.
  package func with(_ objective: any MatchingObjective, reward: (any RewardProxy)? = nil) -> TrainingComponents {
    TrainingComponents(
      backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher, objective: objective,
      reward: reward)
  }
}
