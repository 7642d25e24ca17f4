import Networks
import Tensors

/// One part of the training state: tensors by name, and a closure that restores them.
package struct TrainerState {
  /// "optimizers/student"
  package let group: String
  /// The counter of its updates, "student.updates"; nil if there is none.
  var counter: (name: String, value: Int)?
  package let tensors: [(name: String, tensor: Tensor)]
  /// - Parameters:
  ///   - count: the number of its updates.
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
  /// All state of the networks that training changes.
  var state: [TrainerState] {
    [TrainerState("student", student.parameters), TrainerState("fake-teacher", fakeTeacher.parameters)]
      + (objective.parameters.map { [TrainerState("objective", $0)] } ?? [])
  }
}

extension Trainer {
  /// All state that training changes, except the trainer's own numbers.
  package var state: [TrainerState] { shared + (ema.map { [TrainerState("ema", counter: "ema.updates", $0)] } ?? []) }

  /// The state that is the same on all ranks.
  private var shared: [TrainerState] {
    components.state + [
      TrainerState("optimizers/student", counter: "student.updates", studentOptimizer.optimizer),
      TrainerState("optimizers/fake-teacher", counter: "fake-teacher.updates", fakeTeacherOptimizer.optimizer),
    ]
      + (objectiveOptimizer.map {
        [TrainerState("optimizers/objective", counter: "objective.updates", $0.optimizer)]
      } ?? [])
  }

  /// Copies the first rank's networks, optimizers and counters, after it has loaded a checkpoint. Gradients of an
  /// unfinished step are dropped.
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

  /// Runs `body` with the weights for sampling: the student's average if there is one.
  public func withAveragedStudent<R>(_ body: () throws -> R) rethrows -> R {
    guard let ema else { return try body() }
    return try ema.applied(body)
  }
}
