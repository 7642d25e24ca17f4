import Networks
import Tensors

/// One part of what training changes: tensors by name, and how they are put back.
package struct TrainerState {
  /// "optimizers/student"
  package let group: String
  /// What counts its updates, "student.updates"; nil if nothing does.
  var counter: (name: String, value: Int)?
  package let tensors: [(name: String, tensor: Tensor)]
  /// - Parameters:
  ///   - count: of its updates.
  ///   - value: a saved tensor by name, nil if it is missing.
  let load: (_ count: Int, _ value: (String) throws -> Tensor?) throws -> Void

  init(_ group: String, _ parameters: ParameterStore) {
    self.group = group
    tensors = parameters.state
    load = { _, value in try parameters.load(value) }
  }

  init(_ group: String, counter: String, _ optimizer: any Optimizer) {
    self.group = group
    self.counter = (counter, optimizer.stepCount)
    tensors = optimizer.state
    load = { try optimizer.load(stepCount: $0, $1) }
  }

  init(_ group: String, counter: String, _ ema: EMA) {
    self.group = group
    self.counter = (counter, ema.updateCount)
    tensors = ema.state
    load = { try ema.load(updateCount: $0, $1) }
  }
}

extension TrainingComponents {
  /// Everything of the networks that training changes.
  var state: [TrainerState] {
    [TrainerState("student", student.parameters), TrainerState("fake-teacher", fakeTeacher.parameters)]
      + (objective.parameters.map { [TrainerState("objective", $0)] } ?? [])
  }
}

extension Trainer {
  /// Everything that training changes, but for the numbers of the trainer itself.
  package var state: [TrainerState] { shared + (ema.map { [TrainerState("ema", counter: "ema.updates", $0)] } ?? []) }

  /// What all ranks have alike.
  private var shared: [TrainerState] {
    components.state + [
      TrainerState("optimizers/student", counter: "student.updates", studentOptimizer.optimizer),
      TrainerState("optimizers/fake-teacher", counter: "fake-teacher.updates", fakeTeacherOptimizer.optimizer),
    ]
      + (objectiveOptimizer.map {
        [TrainerState("optimizers/objective", counter: "objective.updates", $0.optimizer)]
      } ?? [])
  }

  /// Takes over the first rank's networks, optimizers and counters, after it has loaded a checkpoint. Gradients of a step that
  /// was not finished are dropped.
  func synchronize() throws {
    for optimizer in [studentOptimizer, fakeTeacherOptimizer, objectiveOptimizer] {
      try optimizer?.optimizer.dropGradients()
    }
    guard collective.count > 1 else { return }
    let parts = shared
    let counts = parts.map { Double($0.counter?.value ?? 0) }
    let numbers = try Tensor(counts + [Double(stepCount), learningRateFactor])
    try collective.broadcast([numbers], from: 0)
    let values = try numbers.doubles()
    for (part, count) in zip(parts, values) {
      try collective.broadcast(part.tensors.map(\.tensor), from: 0)
      let own = Dictionary(part.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
      try part.load(Int(count)) { own[$0] }
    }
    (stepCount, learningRateFactor) = (Int(values[parts.count]), values[parts.count + 1])
  }

  /// Runs `body` with the weights that samples are made from: the student's average if there is one.
  public func withAveragedStudent<R>(_ body: () throws -> R) rethrows -> R {
    guard let ema else { return try body() }
    return try ema.applied(body)
  }
}
