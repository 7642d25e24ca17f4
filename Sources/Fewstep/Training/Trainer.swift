import Networks
import Tensors

/// Training, step by step: the student generates samples, the reward scores them, the teachers judge them, and the
/// student is updated. Then the fake teacher learns the student's samples in several updates.
///
/// With several processes each rank trains its part of the batch. Gradients and metrics are summed over the ranks, so
/// that all take the same step.
public final class Trainer {
  public let recipe: Recipe
  public let components: TrainingComponents
  public let mesh: DeviceMesh
  public let studentOptimizer: ScheduledOptimizer
  public let fakeTeacherOptimizer: ScheduledOptimizer
  /// The optimizer of the objective's networks, if they do not train with the fake teacher.
  public let objectiveOptimizer: ScheduledOptimizer?
  /// All ranks.
  public var collective: any Collective { mesh.all }
  /// The averaged student.
  public let ema: EMA?
  /// The number of the request to the other ranks to exchange the student's weights and their average.
  private(set) var averageRequest: Int?
  /// The numbers of the requests to the other ranks that concern checkpoints.
  var checkpointRequests = CheckpointRequests()
  /// The number of steps done.
  public internal(set) var stepCount = 0
  /// A factor of all learning rates; halved by each roll-back.
  public internal(set) var learningRateFactor = 1.0
  /// A low reward quantile of the teacher's own samples, for the diagnostics' zones; nil if unknown.
  public internal(set) var zoneReward: Double?
  let noise: Noise
  let sampler: FewStepSampler
  let scenes: SceneBuilder
  let realOrder: DataOrder?
  let pairOrder: DataOrder?

  /// - Throws: `Failure` if the micro-batches cannot be divided among the processes.
  public init(_ recipe: Recipe, components: TrainingComponents, over mesh: DeviceMesh = .single) throws {
    try recipe.checkDivisible(by: mesh.all.count)
    self.recipe = recipe
    self.components = components
    self.mesh = mesh
    let (student, fakeTeacher) = (components.student.parameters, components.fakeTeacher.parameters)
    let own = components.objective.parameters?.trainable ?? []
    let apart = own.isEmpty ? nil : components.objective.optimization
    let steps = recipe.training.steps
    studentOptimizer = try ScheduledOptimizer(
      student.trainable, recipe.student.optimization, steps: steps, role: "student", over: mesh,
      isDivided: recipe.sharding.student != .none)
    // A discriminator trains with the fake teacher, as in DMD2, unless it has its own optimizer.
    fakeTeacherOptimizer = try ScheduledOptimizer(
      fakeTeacher.trainable + (apart == nil ? own : []), recipe.fakeTeacher.optimization, steps: steps,
      role: "fake teacher", over: mesh, isDivided: recipe.sharding.fakeTeacher != .none)
    objectiveOptimizer = try apart.map {
      try ScheduledOptimizer(own, $0, steps: steps, role: "objective", over: mesh)
    }
    ema = try recipe.ema.map { try EMA(student.trainable, $0) }
    if let ema, student.trainable.contains(where: { $0.shard != nil }) {
      averageRequest = mesh.all.requests.register { _ in ema.exchange() }
    }
    noise = Noise(seed: recipe.seed)
    sampler = FewStepSampler(steps: recipe.steps)
    scenes = components.scenes(recipe)
    realOrder = components.data.map { [noise] in DataOrder(count: $0.count, noise: noise, purpose: "real order") }
    pairOrder = components.pairs.map { [noise] in DataOrder(count: $0.count, noise: noise, purpose: "pair order") }
  }

  /// One student update and the fake teacher's updates that follow it.
  ///
  /// - Throws: `TrainingError.notFinite` before the update that would have spread it, on all ranks alike; `Failure` if memory is
  ///   too small.
  public func step() throws -> StepReport {
    do { return try span(.step) { try takeStep() } } catch let error as TensorError where error.isOutOfMemory {
      throw Failure(
        .software, at: "step \(stepCount) on \(recipe.device)", "there is too little memory: \(error)",
        advice: "`fewstep plan` says what a step takes, and with --device NAME which settings make it fit.")
    }
  }

  private func takeStep() throws -> StepReport {
    var report = StepReport(step: stepCount)
    let diagnose = stepCount % recipe.output.diagnosticsEvery == 0
    let first = try span(.studentUpdate) { try updateStudent(&report, diagnose: diagnose) }
    for update in 0..<recipe.fakeTeacherUpdates {
      try span(.fakeTeacherUpdate) {
        // The student's own samples are used in the first update; the others get fresh ones.
        let batch = update == 0 ? first : try generated(try draw(update))
        try updateFakeTeacher(batch, update, &report, diagnose: diagnose && update == 0)
      }
    }
    try span(.optimizer) { try ema?.update() }
    try report.gather(collective, rows, of: recipe.training.batch)
    report.flagZones(below: zoneReward)
    stepCount += 1
    return report
  }

  private func updateStudent(_ report: inout StepReport, diagnose: Bool) throws -> Batch {
    let draw = try draw(0)
    var parts = [Tensor]()
    var batchRewards: BatchRewards?
    var terms = LossTerms()
    if ranges.count > 1, scoresBatch { batchRewards = try generated(draw).batchRewards }
    for range in ranges {
      let samples = try generate(draw, range)
      parts.append(try samples.detached())
      if ranges.count == 1 { batchRewards = try scoreBatch(parts, draw.condition) }
      let scene = try scene(draw, samples, range, batchRewards, role: .student, update: 0)
      let loss = try withStudentAlone {
        let loss = try rewarded(checked("student's loss") { try components.objective.studentLoss(scene) }, scene)
        try backward(loss, range, studentOptimizer)
        return loss
      }
      try terms.add(loss, share: share(range))
      if diagnose {
        let rewards = try batchRewards?.rewards.rows(range) ?? score(parts.last!, scene.condition)
        try report.diagnose(scene, loss, rewards: rewards)
      }
    }
    if let batchRewards { report.reward = try mean(batchRewards.rewards).item() }
    report.add(try terms.summed(over: collective, role: .student, step: stepCount), role: .student)
    report.studentNorm = try move(studentOptimizer)
    return Batch(draw: draw, parts: parts, batchRewards: batchRewards)
  }

  private func updateFakeTeacher(_ batch: Batch, _ update: Int, _ report: inout StepReport, diagnose: Bool) throws {
    var terms = LossTerms()
    for (range, samples) in zip(ranges, batch.parts) {
      let scene = try scene(batch.draw, samples, range, batch.batchRewards, role: .fakeTeacher, update: update)
      let loss = try checked("fake teacher's loss") { try components.objective.fakeTeacherLoss(scene) }
      try backward(loss, range, fakeTeacherOptimizer)
      try terms.add(loss, share: share(range))
      try report.add(
        denoisingError: scene.ifKnown("denoisingError"), share: share(range) / Double(recipe.fakeTeacherUpdates))
      if diagnose { try report.addNotes(scene) }
    }
    report.add(
      try terms.summed(over: collective, role: .fakeTeacher, step: stepCount), role: .fakeTeacher,
      share: 1 / Double(recipe.fakeTeacherUpdates))
    report.fakeTeacherNorm = try move(fakeTeacherOptimizer)
    report.objectiveNorm = try objectiveOptimizer.map(move)
  }

  private func backward(_ loss: Loss, _ range: Range<Int>, _ optimizer: ScheduledOptimizer) throws {
    // Sharded blocks travel in a backward pass themselves.
    let isLast = range == ranges.last && !recipe.sharding.dividesBlocks
    try span(.backward) { try optimizer.backward(isLast: isLast) { try (loss.total * share(range)).backward() } }
  }

  /// Runs `body` with only the student trainable. This includes the backward pass, in which a checkpointed network runs
  /// again.
  private func withStudentAlone<R>(_ body: () throws -> R) throws -> R {
    try components.fakeTeacher.parameters.frozen { try components.objective.parameters?.frozen(body) ?? body() }
  }

  /// Adds -λ mean R, whose gradient moves the samples towards a higher reward (ReFL, arXiv 2304.05977).
  private func rewarded(_ loss: Loss, _ scene: Scene) throws -> Loss {
    guard recipe.rewardWeight > 0, let reward = components.reward else { return loss }
    let scores = try score(scene.samples, scene.condition, by: reward)
    try reward.refuseWithoutGradient(scores, "reward (\(type(of: reward))) at step \(stepCount)")
    return try loss.adding("reward-loss", -mean(scores), weight: recipe.rewardWeight)
  }

  private func checked(_ name: String, _ loss: () throws -> Loss) throws -> Loss {
    let place = "objective (\(type(of: components.objective))), \(name) at step \(stepCount)"
    return try Failure.locating(place) { try loss().checked(place) }
  }

  /// One optimizer step along the gradients summed over all ranks; returns their norm.
  private func move(_ optimizer: ScheduledOptimizer) throws -> Double {
    try span(.optimizer) { try optimizer.step(stepCount, factor: learningRateFactor) }
  }
}
