import Networks
import Tensors

/// One step, as the data travels: the student generates, the reward senses, the teachers are asked, the student moves; then
/// the fake teacher learns the student's samples, several times.
public final class Trainer {
  public let recipe: Recipe
  public let components: TrainingComponents
  public let studentOptimizer: AdamW
  public let fakeTeacherOptimizer: AdamW
  public let ema: EMA?
  /// Steps done.
  public internal(set) var stepCount = 0
  /// Multiplies all learning rates; halved by each roll-back.
  public internal(set) var learningRateFactor = 1.0
  /// A reward that few of the teacher's own samples fall below, for the diagnostics' zones; nil where it is unknown.
  public internal(set) var zoneReward: Double?
  let replica: Replica
  private let noise: Noise
  private let generation: FewStepSampler
  private let realOrder: DataOrder?
  private let pairOrder: DataOrder?

  public convenience init(_ recipe: Recipe, components: TrainingComponents) throws {
    try self.init(recipe, components: components, replica: .alone)
  }

  init(_ recipe: Recipe, components: TrainingComponents, replica: Replica) throws {
    self.recipe = recipe
    self.components = components
    self.replica = replica
    noise = Noise(seed: recipe.seed)
    generation = FewStepSampler(steps: recipe.steps)
    studentOptimizer = try AdamW(components.student.parameters.trainable, recipe.student.optimizer)
    // The objective's own networks (a discriminator) learn with the fake teacher, as in DMD2.
    fakeTeacherOptimizer = try AdamW(
      components.fakeTeacher.parameters.trainable + (components.objective.parameters?.trainable ?? []),
      recipe.fakeTeacher.optimizer
    )
    ema = try replica.leads ? recipe.ema.map { try EMA(components.student.parameters.trainable, $0) } : nil
    realOrder = components.data.map {
      DataOrder(count: $0.count, noise: Noise(seed: recipe.seed), purpose: "real order")
    }
    pairOrder = components.pairs.map {
      DataOrder(count: $0.count, noise: Noise(seed: recipe.seed), purpose: "pair order")
    }
  }

  /// One student update and the fake teacher's updates that go with it.
  ///
  /// - Throws: `TrainingError.notFinite` before the update that would have spread it.
  public func step() throws -> StepReport {
    var report = StepReport(step: stepCount)
    let diagnose = stepCount % recipe.output.diagnosticsEvery == 0
    let first = try updateStudent(&report, diagnose: diagnose)
    for update in 0..<recipe.fakeTeacherUpdates {
      // The student's own samples serve the first update; the others see fresh ones.
      let batch = update == 0 ? first : try generated(try draw(update))
      try updateFakeTeacher(batch, update, &report, diagnose: diagnose && update == 0)
    }
    try ema?.update()
    try report.gather(replica, rows, of: recipe.training.batch)
    report.flagZones(below: zoneReward)
    stepCount += 1
    return report
  }

  // MARK: The two updates

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
      let scene = try scene(
        draw, samples, range, batchRewards, role: "student", update: 0, times: recipe.matching.times)
      let loss = try alone {
        let loss = try rewarded(checked("student's loss") { try components.objective.studentLoss(scene) }, scene)
        try (loss.total * share(range)).backward()
        return loss
      }
      try terms.add(loss, share: share(range))
      if diagnose {
        let rewards = try batchRewards?.rewards.rows(range) ?? score(parts.last!, scene.condition)
        try report.diagnose(scene, rewards: rewards)
      }
    }
    if let batchRewards { report.reward = try mean(batchRewards.rewards).item() }
    report.add(try terms.gathered(replica, role: "student", step: stepCount), role: .student)
    report.studentNorm = try move(
      studentOptimizer, recipe.student, role: "student", factorAt: stepCount)
    return Batch(draw: draw, parts: parts, batchRewards: batchRewards)
  }

  /// With the student alone trainable, backward included: there a checkpointed network is run again.
  private func alone<R>(_ body: () throws -> R) throws -> R {
    try components.fakeTeacher.parameters.frozen { try components.objective.parameters?.frozen(body) ?? body() }
  }

  /// Adds -λ mean R, whose gradient moves the samples to where the reward is higher (ReFL, arXiv 2304.05977).
  private func rewarded(_ loss: Loss, _ scene: Scene) throws -> Loss {
    guard recipe.rewardWeight > 0, let reward = components.reward else { return loss }
    let scores = try score(scene.samples, scene.condition, by: reward)
    try reward.refuseWithoutGradient(scores, "reward (\(type(of: reward))) at step \(stepCount)")
    return try loss.adding("reward-loss", -mean(scores), weight: recipe.rewardWeight)
  }

  private func checked(_ name: String, _ loss: () throws -> Loss) throws -> Loss {
    let place = "objective (\(type(of: components.objective))), \(name) at step \(stepCount)"
    return try PluginError.at(place) { try loss().checked(place) }
  }

  private func updateFakeTeacher(_ batch: Batch, _ update: Int, _ report: inout StepReport, diagnose: Bool) throws {
    var terms = LossTerms()
    for (range, samples) in zip(ranges, batch.parts) {
      let scene = try scene(
        batch.draw, samples, range, batch.batchRewards, role: "fake teacher", update: update,
        times: components.fakeTeacher.schedule.trainingTimes)
      let loss = try checked("fake teacher's loss") { try components.objective.fakeTeacherLoss(scene) }
      try (loss.total * share(range)).backward()
      try terms.add(loss, share: share(range))
      try report.add(
        denoisingError: scene.ifKnown("denoisingError"), share: share(range) / Double(recipe.fakeTeacherUpdates))
      if diagnose { try report.addNotes(scene) }
    }
    report.add(
      try terms.gathered(replica, role: "fake teacher", step: stepCount), role: .fakeTeacher,
      share: 1 / Double(recipe.fakeTeacherUpdates))
    report.fakeTeacherNorm = try move(
      fakeTeacherOptimizer, recipe.fakeTeacher, role: "fake teacher", factorAt: stepCount)
  }

  private func move(_ optimizer: AdamW, _ role: OptimizationSettings, role name: String, factorAt step: Int) throws
    -> Double
  {
    try replica.sum(optimizer.parameters.compactMap(\.value.gradient))
    let norm = try clipGradients(optimizer.parameters, to: role.gradientLimit)
    guard norm.isFinite else {
      throw TrainingError.notFinite(role: name, quantity: "gradient norm", step: step)
    }
    try optimizer.step(factor: learningRateFactor * role.schedule(total: recipe.training.steps).factor(at: step))
    return norm
  }

  // MARK: What an update is made from

  /// The random choices of one update, all a function of (seed, step, update).
  struct Draw {
    let name: String
    let condition: Condition
    /// Which of the student's steps makes the samples.
    let index: Int
  }

  /// A draw, the samples it gave (without a graph) in this replica's parts of the batch, and what the reward said of the
  /// whole of it.
  struct Batch {
    let draw: Draw
    let parts: [Tensor]
    let batchRewards: BatchRewards?
  }

  /// The parts of a batch that are this replica's.
  private var ranges: [Range<Int>] {
    let size = recipe.training.batch / recipe.training.microBatches
    return replica.share(of: (0..<recipe.training.microBatches).map { $0 * size..<($0 + 1) * size })
  }

  private var rows: Range<Int> { ranges.first!.lowerBound..<ranges.last!.upperBound }

  private func share(_ range: Range<Int>) -> Double { Double(range.count) / Double(recipe.training.batch) }

  private var scoresBatch: Bool {
    guard let groupAdvantage = components.objective.groupAdvantage, components.reward != nil else { return false }
    return stepCount % groupAdvantage.interval == 0
  }

  private func draw(_ update: Int) throws -> Draw {
    let name = "update \(update)"
    // Where nothing is compared within groups, every sample has a prompt of its own.
    let group = scoresBatch ? components.objective.groupAdvantage?.groupSize ?? 1 : 1
    let groups = recipe.training.batch / group
    let prompts = noise.stream("\(name) prompts", step: stepCount).integers(
      0..<groups, below: components.backbone.prompts.count)
    let all = prompts.flatMap { Array(repeating: $0, count: group) }
    let unit = noise.stream("\(name) student step", step: stepCount).unit()
    return Draw(
      name: name, condition: try components.backbone.condition(all),
      index: min(Int(unit * Double(recipe.steps.count)), recipe.steps.count - 1))
  }

  private func generate(_ draw: Draw, _ range: Range<Int>) throws -> Tensor {
    try generation.sample(components.student, upTo: draw.index, given: draw.condition.rows(range)) { place in
      try noise.stream("\(draw.name) noise \(place)", step: stepCount)
        .normal(range, components.backbone.sampleShape, on: recipe.device)
    }
  }

  private func generated(_ draw: Draw) throws -> Batch {
    let parts = try noGrad { try ranges.map { try generate(draw, $0) } }
    return Batch(draw: draw, parts: parts, batchRewards: try scoreBatch(parts, draw.condition))
  }

  /// Rewards of the whole batch, of which this replica has `parts`.
  private func scoreBatch(_ parts: [Tensor], _ condition: Condition) throws -> BatchRewards? {
    guard scoresBatch, let groupAdvantage = components.objective.groupAdvantage else { return nil }
    let scores = try zip(ranges, parts).compactMap { range, part in try score(part, condition.rows(range)) }
    let rewards = try replica.gathered(concatenated(scores), rows, of: recipe.training.batch)
    return try BatchRewards(rewards: rewards, groupAdvantage: groupAdvantage)
  }

  /// R [B], float32; nil where there is no reward.
  private func score(_ samples: Tensor, _ condition: Condition) throws -> Tensor? {
    try components.reward.map { reward in try noGrad { try score(samples, condition, by: reward) } }
  }

  private func score(_ samples: Tensor, _ condition: Condition, by reward: any RewardProxy) throws -> Tensor {
    try reward.checkedScore(
      samples, pixels: reward.readsPixels ? components.backbone.pixels(samples) : nil, given: condition,
      "reward (\(type(of: reward))) at step \(stepCount)")
  }

  private func scene(
    _ draw: Draw, _ samples: Tensor, _ range: Range<Int>, _ batchRewards: BatchRewards?, role: String, update: Int,
    times: ClosedRange<Double>
  ) throws -> Scene {
    let purpose = "\(role) \(draw.name)"
    let shape = components.backbone.sampleShape
    let noised = components.fakeTeacher.schedule.trainingTimes
    let stream = { [noise, stepCount] (name: String) in noise.stream("\(purpose) \(name)", step: stepCount) }
    return Scene(
      samples: samples, condition: try draw.condition.rows(range),
      time: try stream("time").uniform(range, low: times.lowerBound, high: times.upperBound).to(.float64),
      noise: try stream("noise").normal(range, shape, on: recipe.device), matching: recipe.matching,
      studentTime: recipe.steps[draw.index], teacher: components.teacher,
      fakeTeacher: components.fakeTeacher, unconditional: components.backbone.unconditional, batchRewards: batchRewards,
      range: range,
      realData: components.data.map { data in
        { [self] in
          let key = stepCount * (recipe.fakeTeacherUpdates + 1) + (role == "student" ? 0 : update + 1)
          let positions = realOrder!.positions(step: key, batch: recipe.training.batch)
          let (real, condition) = try data.batch(Array(positions[range]))
          return Scene.RealBatch(
            samples: try real.to(recipe.device), condition: condition,
            time: try stream("gan time").uniform(range, low: noised.lowerBound, high: noised.upperBound).to(.float64),
            realNoise: try stream("gan real noise").normal(range, shape, on: recipe.device),
            fakeNoise: try stream("gan fake noise").normal(range, shape, on: recipe.device))
        }
      },
      pairs: components.pairs.map { pairs in
        { [self] in
          let positions = pairOrder!.positions(step: stepCount, batch: recipe.training.batch)
          let (noise, made, condition) = try pairs.batch(Array(positions[range]), components.backbone)
          let student = try generation.sample(components.student, upTo: 0, given: condition) { _ in noise }
          return Scene.Pairs(student: student, teacher: made)
        }
      })
  }
}
