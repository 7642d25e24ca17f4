import Networks
import Tensors

/// The networks, rewards and data of a recipe, made and ready to train.
public final class TrainingComponents {
  public let backbone: any Backbone
  public let teacher: any Teacher
  public let student: any Student
  public let fakeTeacher: any FakeTeacher
  public let objective: any MatchingObjective
  public let reward: (any RewardProxy)?
  /// Rewards that are measured and not learned from, by the recipe's names (`monitor.held-out-rewards`).
  public let heldOutRewards: [(name: String, reward: any RewardProxy)]
  public let data: (any DataSource)?
  public let pairs: ODEPairs?

  /// Components that were made without a recipe.
  public init(
    backbone: any Backbone, teacher: any Teacher, student: any Student, fakeTeacher: any FakeTeacher,
    objective: any MatchingObjective, reward: (any RewardProxy)? = nil, data: (any DataSource)? = nil,
    pairs: ODEPairs? = nil, heldOutRewards: [(name: String, reward: any RewardProxy)] = []
  ) {
    self.backbone = backbone
    self.teacher = teacher
    self.student = student
    self.fakeTeacher = fakeTeacher
    self.objective = objective
    self.reward = reward
    self.data = data
    self.pairs = pairs
    self.heldOutRewards = heldOutRewards
  }

  /// Opens the files a recipe names and builds its networks.
  ///
  /// - Parameter mesh: the ranks among which the recipe divides them.
  public init(_ recipe: Recipe, over mesh: DeviceMesh = .single) throws {
    let backbone = try recipe.openedBackbone()
    self.backbone = backbone
    teacher = try recipe.newTeacher(backbone, over: mesh)
    student = try recipe.newStudent(backbone, over: mesh)
    fakeTeacher = try recipe.newFakeTeacher(backbone, over: mesh)
    // For a flow, noise at a time below 1 is not what the student would begin with.
    let (first, schedule) = (recipe.steps[0], student.schedule)
    if first != 1, schedule.initialNoiseSigma(first) == schedule.sigma(first) {
      throw Failure(recipe, "student.steps", "this model's first time must be 1, got \(first)")
    }
    if recipe.decodesSamples, recipe.device != .meta {
      try (backbone as? PretrainedBackbone)?.openCodec()
    }
    let full = PluginContext(
      device: recipe.device, seed: recipe.seed, backbone: backbone, teacher: teacher, fakeTeacher: fakeTeacher)
    let objective = try Self.fitting("objective", recipe) { try recipe.objective(full) }
    self.objective = objective
    let scenes = SceneBuilder(
      recipe, backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher)
    try Self.fitting("objective", recipe) { try objective.prepare(for: scenes, seed: recipe.seed + 2) }
    if recipe.device == .meta {
      (reward, data) = try Self.planned(recipe, full, backbone)
    } else {
      reward = try Self.fitting("reward", recipe) { try recipe.reward?(full) }
      data = try Self.fitting("data", recipe) { try recipe.data?(full) }
    }
    heldOutRewards = try recipe.monitor.heldOutRewards.map { name, make in
      (name, try Self.fitting("monitor.held-out-rewards.\(name)", recipe) { try make(full) })
    }
    pairs = try recipe.training.pairs.map { try ODEPairs($0, for: backbone) }
    if objective.needs.contains(.data), data == nil {
      throw Failure(recipe, "objective", "it needs real samples: add a `data` section")
    }
    if objective.needs.contains(.pairs), pairs == nil {
      throw Failure(
        recipe, "training",
        "the objective needs noise-image pairs: make them with `fewstep pairs`, and name the file at `training.pairs`")
    }
    if let groupAdvantage = objective.groupAdvantage {
      guard reward != nil else {
        throw Failure(recipe, "objective", "it needs the reward of samples: add a `reward` section")
      }
      guard recipe.training.batch % groupAdvantage.groupSize == 0 else {
        throw Failure(
          recipe, "training.batch",
          "\(recipe.training.batch) samples do not divide into groups of \(groupAdvantage.groupSize) (objective.group-size)"
        )
      }
    }
    if recipe.rewardWeight > 0, reward == nil {
      throw Failure(recipe, "student.reward-weight", "there is no reward: add a `reward` section")
    }
    try refuseMisfits(recipe)
  }

  /// The builder of a run's scenes.
  public func scenes(_ recipe: Recipe) -> SceneBuilder {
    SceneBuilder(recipe, backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher)
  }

  /// Reports a value that a plugin does not accept at its position in the recipe.
  static func fitting<Made>(_ key: String, _ recipe: Recipe, _ make: () throws -> Made) throws -> Made {
    do {
      return try make()
    } catch let error as Failure where error.kind == .software {
      throw Failure(recipe, key, error.problem)
    } catch let error where !Failure.isClear(error) {
      throw Failure(recipe, key, "\(error)")
    }
  }

  /// Refuses data and rewards for another kind of sample: they would fail in the middle of a step, with libtorch's
  /// message.
  private func refuseMisfits(_ recipe: Recipe) throws {
    if let data {
      guard data.sampleShape == backbone.sampleShape else {
        throw Failure(recipe, "data", "its samples are \(data.sampleShape), the backbone's \(backbone.sampleShape)")
      }
      // Data with their own captions number them separately.
      let isClassed = try data.batch([0]).condition.tensors["class"] != nil
      let prompts = try isClassed ? data.batch(Array(0..<min(data.count, 1000))).condition.promptIDs : []
      if let largest = prompts.max(), largest >= backbone.prompts.count {
        throw Failure(
          recipe, "data", "it has prompt \(largest), the backbone knows 0 to \(backbone.prompts.count - 1) only")
      }
    }
    for (key, reward) in rewards {
      let ends = try backbone.condition([0, backbone.prompts.count - 1])
      let samples = try Tensor.zeros([2] + backbone.sampleShape, .float32, on: backbone.device)
      try Self.fitting(key, recipe) {
        _ = try noGrad { try reward.checkedScore(samples, pixels: backbone.pixels(samples), given: ends, key) }
      }
    }
    if recipe.rewardWeight > 0, let reward {
      let samples = try Tensor.zeros([1] + backbone.sampleShape, .float32, on: backbone.device).requiringGrad()
      try Self.fitting("student.reward-weight", recipe) {
        try reward.refuseWithoutGradient(
          reward.score(samples, pixels: backbone.pixels(samples), given: backbone.condition([0])),
          "student.reward-weight")
      }
    }
  }

  /// All rewards by their keys in the recipe.
  var rewards: [(key: String, reward: any RewardProxy)] {
    (reward.map { [("reward", $0)] } ?? []) + heldOutRewards.map { ("monitor.held-out-rewards.\($0.name)", $0.reward) }
  }

  /// External scorers by their reward's key in the recipe.
  public var scorers: [(key: String, scorer: Fingerprint)] {
    rewards.filter { !$0.reward.scorer.isEmpty }.map { ($0.key, $0.reward.scorer) }
  }
}

extension SceneBuilder {
  fileprivate init(
    _ recipe: Recipe, backbone: any Backbone, teacher: any Teacher, student: any Student, fakeTeacher: any FakeTeacher
  ) {
    self.init(
      backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher, steps: recipe.steps,
      matching: recipe.matching)
  }
}

extension Recipe {
  /// Whether a run decodes samples besides those it trains on.
  var decodesSamples: Bool { output.samples != 0 || monitor.every > 0 || evaluation != nil }
}
