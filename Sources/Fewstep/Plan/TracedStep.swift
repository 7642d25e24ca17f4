import Files
import Networks
import Tensors

/// One training step on the meta device: every operator runs on shapes alone, forward and backward, so that the memory and
/// the operations of a step are counted and not guessed. No weights are read and no samples made.
struct TracedStep {
  let roles: [RunPlan.Role]
  /// The bytes on the device between steps, gradients excluded: the roles, the frozen teacher, decoders, rewards.
  let resident: Int
  /// The most bytes on the device during a step.
  let peak: Int
  let parts: [Profile.Part]
  let checkpoint: Int
  /// How often the step reads values from the device, and waits for it.
  let reads: Int
  /// Whether the reward's networks are left out, because their files are missing.
  let leavesOutReward: Bool
  /// The samples of the traced step, which is shorter than a real one if the batch has many micro-batches.
  let samples: Int
  /// Bytes that a rank sends to others in the traced step.
  let sent: (inMicroBatches: [RunPlan.Traffic], once: [RunPlan.Traffic])

  /// - Parameter processes: among which the step is divided; the first one's part is traced.
  /// - Throws: the errors of reading and building the recipe's parts.
  init(_ node: YAMLNode, catalog: Catalog, processes: Int = 1) throws {
    // Operators run as on the recipe's own device, whatever this machine has.
    let device = try Recipe(node, catalog: catalog).device
    self = try Measured.during {
      try FakeTensorMode.run(for: device) {
        let before = Measured.bytes(on: .meta).current
        let short = try Self.shortened(node, catalog, processes)
        return try TracedStep(Recipe(short, catalog: catalog, on: .meta), over: processes, from: before)
      }
    }
  }

  /// The recipe with two micro-batches of a process in a step at most: the others take what the second does. Groups fit into
  /// them.
  private static func shortened(_ node: YAMLNode, _ catalog: Catalog, _ processes: Int) throws -> YAMLNode {
    let recipe = try Recipe(node, catalog: catalog, on: .meta)
    let size = recipe.training.microBatchSize
    let group = recipe.resolved["objective"]?.leaves["group-size"].flatMap { Int($0) }
    let count = processes * max(1, min(2, recipe.training.microBatches / processes))
    var short = node
    func set(_ value: Int, _ keys: [String]) throws {
      try Recipe.set(
        .integer(value), at: keys[...], in: &short, YAMLNode.Position(file: "plan", line: 0, column: 0))
    }
    try set(size * count, ["training", "batch"])
    try set(count, ["training", "micro-batches"])
    if let group, group > size * count { try set(size * count, ["objective", "group-size"]) }
    return short
  }

  private init(_ recipe: Recipe, over processes: Int, from before: Int) throws {
    // Rows of blocks travel in each micro-batch, gradients once a step.
    let (blocks, gradients) = (PlannedCollective(processes), PlannedCollective(processes))
    let components = try TrainingComponents(recipe, over: recipe.mesh(over: blocks))
    samples = recipe.training.batch
    let trainer = try Trainer(recipe, components: components, over: recipe.mesh(over: gradients))
    let bytes = Dictionary(uniqueKeysWithValues: trainer.state.map { ($0.group, Self.bytes($0.tensors)) })
    roles =
      [
        ("student", "student", components.student.parameters),
        ("fake teacher", "fake-teacher", components.fakeTeacher.parameters),
      ].map { name, key, parameters in
        Self.role(name, parameters, bytes, key, average: key == "student" ? bytes["ema"] ?? 0 : 0)
      } + (components.objective.parameters.map { [Self.role("objective", $0, bytes, "objective", average: 0)] } ?? [])
    checkpoint = trainer.state.reduce(0) { $0 + Self.wholeBytes($1) }
    leavesOutReward = components.reward is PlannedReward
    let passes = try Self.passes(of: trainer)
    // The first step scores its samples and writes diagnostics, which take the most.
    let profile = Profile(on: .meta)
    let readBefore = FakeTensorMode.readCount
    try Span.heard(by: profile) {
      _ = try trainer.step()
      if recipe.decodesSamples { try span(.validation) { try validate(trainer) } }
    }
    reads = FakeTensorMode.readCount - readBefore
    sent = (blocks.traffic, gradients.traffic)
    resident = Measured.bytes(on: .meta).current - before
    let interval = components.objective.groupAdvantage?.interval ?? 1
    parts = profile.parts.map { part in
      switch part.name {
      case Span.student.rawValue: part.scaled(by: recipe.matching.steps.meanPasses(recipe.steps.count) / passes)
      // The traced step is one of those that score.
      case Span.reward.rawValue: part.scaled(by: 1 / Double(interval))
      default: part
      }
    }
    peak = (parts.map(\.peakBytes).max() ?? 0) - before
  }

  /// The student's passes for a sample in the next step, whose draws may be fewer or more than usual.
  private static func passes(of trainer: Trainer) throws -> Double {
    let drawn = try (0..<trainer.recipe.fakeTeacherUpdates).map { Double(try trainer.draw($0).index + 1) }
    return drawn.reduce(0, +) / Double(drawn.count)
  }

  private static func role(
    _ name: String, _ parameters: ParameterStore, _ bytes: [String: Int], _ key: String, average: Int
  ) -> RunPlan.Role {
    let trained = parameters.trainable
    return RunPlan.Role(
      name: name, parameters: parameters.count, trained: trained.reduce(0) { $0 + $1.count },
      weights: bytes[key] ?? 0, gradients: Self.bytes(trained.map { ($0.name, $0.value) }),
      moments: bytes["optimizers/\(key)"] ?? 0, average: average)
  }

  /// Of all ranks.
  private static func wholeBytes(_ part: TrainerState) -> Int {
    part.tensors.reduce(0) { total, state in
      let count = part.shards[state.name].map { $0.shape.reduce(1, *) } ?? state.tensor.count
      return total + count * state.tensor.dtype.byteCount
    }
  }

  private static func bytes(_ tensors: [(name: String, tensor: Tensor)]) -> Int {
    tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.byteCount }
  }
}

/// Makes and decodes as many samples as grids and evaluations do at once: training may not decode.
private func validate(_ trainer: Trainer) throws {
  let (recipe, components) = (trainer.recipe, trainer.components)
  let generator = SampleGenerator(components.backbone, seed: 0, batch: recipe.training.microBatchSize)
  let prompts = generator.promptIDs(recipe.training.microBatchSize)
  let samples = try generator.fewStep(components.student, steps: recipe.steps, promptIDs: prompts)
  _ = try noGrad { try components.backbone.pixels(samples.to(components.backbone.device)) }
}
