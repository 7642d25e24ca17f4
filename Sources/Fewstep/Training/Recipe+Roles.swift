import Networks
import Tensors

/// The one way from a recipe to its model family and its roles, for training and for everything after it.
extension Recipe {
  /// The model family, with its files opened; the roles' networks are made on demand.
  ///
  /// - Throws: `Failure` if the device is not available, and the errors of the family's plugin.
  public func openedBackbone() throws -> any Backbone {
    if let threads { try Runtime.setThreads(threads) }
    if let absence = device.absence { throw Failure(self, "device", absence) }
    return try TrainingComponents.fitting("backbone", self) { try backbone(PluginContext(device: device, seed: seed)) }
  }

  /// The student before training, with its adapters if it has any.
  ///
  /// - Throws: `Failure` if no layer matches a name in `student.lora.layers`.
  public func newStudent(_ backbone: any Backbone, over mesh: DeviceMesh = .single) throws -> any Student {
    let made = try sharding.making(\.student, over: mesh) {
      try backbone.trainable(.student, adapters: student.lora != nil, seed: seed)
    }
    try check(sharding.student, at: "student", student, made.parameters)
    try prepare(made.parameters, as: "student", student, seed: seed)
    return made
  }

  /// The fake teacher before training, likewise; it is told the student's step if each step's own distribution is matched.
  ///
  /// - Throws: `Failure` if the family's networks cannot be told.
  public func newFakeTeacher(
    _ backbone: any Backbone, over mesh: DeviceMesh = .single
  ) throws -> any FakeTeacher {
    let seed = self.seed + 1
    let told = matching.steps == .stepAware ? steps.count : nil
    let made = try sharding.making(\.fakeTeacher, over: mesh) {
      try backbone.trainable(.fakeTeacher, adapters: fakeTeacher.lora != nil, studentSteps: told, seed: seed)
    }
    guard told == nil || made.parameters.all.contains(where: \.isAdded) else {
      throw Failure(
        self, "matching.steps",
        "this backbone's fake teacher cannot be told the student's step: use 'all' or 'last', or give its network a StepEmbedding"
      )
    }
    try check(sharding.fakeTeacher, at: "fake-teacher", fakeTeacher, made.parameters)
    try prepare(made.parameters, as: "fake-teacher", fakeTeacher, seed: seed)
    return made
  }

  private func prepare(_ parameters: ParameterStore, as role: String, _ settings: RoleSettings, seed: Int)
    throws
  {
    do { try settings.apply(to: parameters, seed: seed) } catch let error as ParameterError {
      throw Failure(self, "\(role).lora.layers", "\(error)")
    }
  }

  /// The teacher, divided and in the host's memory as the recipe says.
  ///
  /// - Throws: `Failure` if its network has no blocks for that.
  func newTeacher(_ backbone: any Backbone, over mesh: DeviceMesh) throws -> any Teacher {
    let made = try sharding.making(\.teacher, over: mesh) { try backbone.teacher() }
    let hasBlocks = (made as? any Trainable)?.parameters.hasBlocks ?? false
    if sharding.teacher == .full, !hasBlocks { throw withoutBlocks("teacher") }
    if sharding.offloadsTeacher, !hasBlocks { throw withoutBlocks("offload-teacher") }
    return made
  }

  private func check(
    _ mode: ShardingSettings.Mode, at role: String, _ settings: RoleSettings, _ parameters: ParameterStore
  ) throws {
    guard mode == .full else { return }
    if settings.lora != nil {
      throw Failure(
        self, "sharding.\(role)", "adapters are not divided, and what they adapt is the teacher's: set sharding.teacher"
      )
    }
    if !parameters.hasBlocks { throw withoutBlocks(role) }
  }

  private func withoutBlocks(_ key: String) -> Failure {
    Failure(self, "sharding.\(key)", "this backbone's networks do not run in blocks, so there is nothing to divide")
  }

  /// The processes as `sharding.group-size` groups them.
  ///
  /// - Throws: `Failure` if they, or the micro-batches, cannot be divided evenly; before any of them connects to others.
  public func mesh(over collective: any Collective) throws -> DeviceMesh {
    try checkDivisible(by: collective.count)
    return try DeviceMesh(collective, sharding: sharding.groupSize)
  }

  /// - Throws: `Failure` if the micro-batches, or the processes themselves, cannot be divided evenly.
  func checkDivisible(by processes: Int) throws {
    if training.microBatches % processes != 0 {
      throw Failure(
        self, "training.micro-batches",
        "\(training.microBatches) micro-batches cannot be divided evenly among \(processes) processes: set it to a multiple of that"
      )
    }
    if let size = sharding.groupSize, processes > size, processes % size != 0 {
      throw Failure(
        self, "sharding.group-size",
        "\(processes) processes cannot be divided into groups of \(size): set it to a divisor of that")
    }
  }
}
