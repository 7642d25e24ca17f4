import Tensors

/// The inputs of an update.
extension Trainer {
  /// The random choices of one update, all functions of (seed, step, update).
  struct Draw {
    let name: String
    let condition: Condition
    /// The index of the student's step that makes the samples.
    let index: Int
  }

  /// A draw, its samples (without a graph) in this rank's parts of the batch, and the rewards of the whole batch.
  struct Batch {
    let draw: Draw
    let parts: [Tensor]
    let batchRewards: BatchRewards?
  }

  /// This rank's parts of a batch.
  var ranges: [Range<Int>] {
    let size = recipe.training.microBatchSize
    return collective.share(of: (0..<recipe.training.microBatches).map { $0 * size..<($0 + 1) * size })
  }

  var rows: Range<Int> { ranges.first!.lowerBound..<ranges.last!.upperBound }

  func share(_ range: Range<Int>) -> Double { Double(range.count) / Double(recipe.training.batch) }

  /// Whether this step's samples are scored.
  var scoresBatch: Bool {
    guard let groupAdvantage = components.objective.groupAdvantage, components.reward != nil else { return false }
    return stepCount % groupAdvantage.interval == 0
  }

  func draw(_ update: Int) throws -> Draw {
    let name = "update \(update)"
    // Without comparisons within groups every sample has its own prompt.
    let group = scoresBatch ? components.objective.groupAdvantage?.groupSize ?? 1 : 1
    let groups = recipe.training.batch / group
    let prompts = noise.stream("\(name) prompts", step: stepCount).integers(
      0..<groups, below: components.backbone.prompts.count)
    let all = prompts.flatMap { Array(repeating: $0, count: group) }
    let unit = noise.stream("\(name) student step", step: stepCount).unit()
    return Draw(
      name: name, condition: try components.backbone.condition(all),
      index: recipe.matching.steps.step(unit, of: recipe.steps.count))
  }

  /// The student's samples for `range`, with their graph if gradients are enabled.
  func generate(_ draw: Draw, _ range: Range<Int>) throws -> Tensor {
    try span(.student) {
      try sampler.sample(components.student, upTo: draw.index, given: draw.condition.rows(range)) { place in
        try noise.stream("\(draw.name) noise \(place)", step: stepCount)
          .normal(range, components.backbone.sampleShape, on: recipe.device)
      }
    }
  }

  func generated(_ draw: Draw) throws -> Batch {
    let parts = try noGrad { try ranges.map { try generate(draw, $0) } }
    return Batch(draw: draw, parts: parts, batchRewards: try scoreBatch(parts, draw.condition))
  }

  /// Rewards of the whole batch. This rank's samples are `parts`.
  func scoreBatch(_ parts: [Tensor], _ condition: Condition) throws -> BatchRewards? {
    guard scoresBatch, let groupAdvantage = components.objective.groupAdvantage else { return nil }
    let scores = try zip(ranges, parts).compactMap { range, part in try score(part, condition.rows(range)) }
    let rewards = try collective.gather(concatenated(scores), rows, of: recipe.training.batch)
    return try BatchRewards(rewards: rewards, groupAdvantage: groupAdvantage)
  }

  /// R [B], float32; nil if there is no reward.
  func score(_ samples: Tensor, _ condition: Condition) throws -> Tensor? {
    try components.reward.map { reward in try noGrad { try score(samples, condition, by: reward) } }
  }

  func score(_ samples: Tensor, _ condition: Condition, by reward: any RewardProxy) throws -> Tensor {
    try span(.reward) {
      try reward.checkedScore(
        samples, pixels: reward.readsPixels ? components.backbone.pixels(samples) : nil, given: condition,
        "reward (\(type(of: reward))) at step \(stepCount)")
    }
  }

  func scene(
    _ draw: Draw, _ samples: Tensor, _ range: Range<Int>, _ batchRewards: BatchRewards?, role: Role, update: Int
  ) throws -> Scene {
    let isStudent = role == .student
    return try scenes.scene(
      of: samples, draw.condition.rows(range), range,
      times: isStudent ? recipe.matching.times : components.fakeTeacher.schedule.trainingTimes,
      studentStep: draw.index, batchRewards: batchRewards,
      streams: { [noise, stepCount] in noise.stream("\(role.rawValue) \(draw.name) \($0)", step: stepCount) },
      real: realSamples(range, update: isStudent ? 0 : update + 1), pairs: recordedPairs(range))
  }

  /// Real samples for one update. The updates of the student and the fake teacher are counted together.
  private func realSamples(_ range: Range<Int>, update: Int) -> SceneBuilder.RealSamples? {
    guard let data = components.data, let realOrder else { return nil }
    let step = stepCount * (recipe.fakeTeacherUpdates + 1) + update
    let batch = recipe.training.batch
    return { try span(.data) { try data.batch(Array(realOrder.positions(step: step, batch: batch)[range])) } }
  }

  private func recordedPairs(_ range: Range<Int>) -> SceneBuilder.RecordedPairs? {
    guard let pairs = components.pairs, let pairOrder else { return nil }
    let (step, batch, backbone) = (stepCount, recipe.training.batch, components.backbone)
    return {
      try span(.data) { try pairs.batch(Array(pairOrder.positions(step: step, batch: batch)[range]), backbone) }
    }
  }
}
