import Networks
import Tensors

/// One part of the training state: tensors by name, and a closure that restores them.
package struct TrainerState {
  /// "optimizers/student"
  package let group: String
  /// The counter of its updates, "student.updates"; nil if there is none.
  var counter: (name: String, value: Int)?
  package let tensors: [(name: String, tensor: Tensor)]
  /// By the tensors' names, those of which this rank holds some rows.
  package let shards: [String: Shard]
  /// - Parameters:
  ///   - count: the number of its updates.
  ///   - value: a saved tensor by name, nil if it is missing.
  let load: (_ count: Int, _ value: (String) throws -> Tensor?) throws -> Void

  init(_ group: String, _ parameters: ParameterStore) {
    self.group = group
    tensors = parameters.state
    shards = Self.shards(tensors.map(\.name), parameters.all)
    load = { _, value in try parameters.load(value) }
  }

  init(_ group: String, counter: String, _ optimizer: any Optimizer) {
    self.group = group
    self.counter = (counter, optimizer.stepCount)
    tensors = optimizer.state
    shards = Self.shards(tensors.map(\.name), optimizer.parameters)
    load = { try optimizer.load(stepCount: $0, $1) }
  }

  init(_ group: String, counter: String, _ ema: EMA, of parameters: ParameterStore) {
    self.group = group
    self.counter = (counter, ema.updateCount)
    tensors = ema.state
    shards = Self.shards(tensors.map(\.name), parameters.all)
    load = { try ema.load(updateCount: $0, $1) }
  }

  /// A state's tensors are rows as their parameters are: "first/NAME" as NAME.
  private static func shards(_ names: [String], _ parameters: [Parameter]) -> [String: Shard] {
    let known = Dictionary(
      parameters.compactMap { parameter in parameter.shard.map { (parameter.name, $0) } }, uniquingKeysWith: { $1 })
    guard !known.isEmpty else { return [:] }
    let found = names.compactMap { name in
      known[name.split(separator: "/").last.map(String.init) ?? name].map { (name, $0) }
    }
    return Dictionary(uniqueKeysWithValues: found)
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
  package var state: [TrainerState] {
    components.state + [
      TrainerState("optimizers/student", counter: "student.updates", studentOptimizer.optimizer),
      TrainerState("optimizers/fake-teacher", counter: "fake-teacher.updates", fakeTeacherOptimizer.optimizer),
    ]
      + (objectiveOptimizer.map {
        [TrainerState("optimizers/objective", counter: "objective.updates", $0.optimizer)]
      } ?? [])
      + (ema.map { [TrainerState("ema", counter: "ema.updates", $0, of: components.student.parameters)] } ?? [])
  }

  /// Whether this rank holds only some rows of the state.
  var isSharded: Bool { state.contains { !$0.shards.isEmpty } }

  /// Takes over the first rank's networks, optimizers and counters, after it has loaded a checkpoint. Gradients of an
  /// unfinished step are dropped.
  func synchronize() throws {
    for optimizer in [studentOptimizer, fakeTeacherOptimizer, objectiveOptimizer] { try optimizer?.dropGradients() }
    guard collective.count > 1 else { return }
    let parts = state
    let counts = parts.map { Double($0.counter?.value ?? 0) }
    let numbers = try Tensor(counts + [Double(stepCount), learningRateFactor])
    try collective.broadcast([numbers], from: 0)
    let values = try numbers.doubles()
    for (part, count) in zip(parts, values) {
      // Rows have been loaded by the rank that holds them.
      try collective.broadcast(part.tensors.filter { part.shards[$0.name] == nil }.map(\.tensor), from: 0)
      let own = Dictionary(part.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
      try part.load(Int(count)) { own[$0] }
    }
    (stepCount, learningRateFactor) = (Int(values[parts.count]), values[parts.count + 1])
  }

  /// Runs `body` with the weights for sampling: the student's average if there is one.
  public func withAveragedStudent<R>(_ body: () throws -> R) throws -> R {
    guard let ema else { return try body() }
    guard let averageRequest, collective.requests.isAlone else { return try ema.applied(body) }
    try collective.request(averageRequest)
    let result = Result { try ema.applied(body) }
    // After an error too, such as Ctrl-C in the body: training may go on, or a checkpoint follow.
    try collective.request(averageRequest)
    return try result.get()
  }
}
