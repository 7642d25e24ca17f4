import Tensors

/// All quantities of one update. Each is computed once, on first use; quantities that an objective does not use cost
/// nothing.
///
/// Displacements d = x̂0 - x are written as differences of x̂0, in which x cancels (DMD's scores times σ²/α).
public final class Scene {
  /// x [B, ...]: the student's samples, with their graph in the student's update and without it in the fake teacher's.
  public let samples: Tensor
  public let condition: Condition
  /// The condition as the fake teacher and a discriminator get it: with the student's step, if each step's own distribution is
  /// matched.
  public let fakeCondition: Condition
  /// t [B], float64 on the CPU.
  public let time: Tensor
  /// ε [B, ...]
  public let noise: Tensor
  public let matching: Matching
  /// The time from which the student made these samples: 1 for its first step.
  public let studentTime: Double
  public let teacher: any Teacher
  /// Makes the condition for "no prompt", see `Backbone.unconditional`.
  private let unconditional: ((Condition) throws -> Condition)?
  public let fakeTeacher: any FakeTeacher

  /// The step's rewards and advantages, and the indices of this scene's samples among them.
  private let batchRewards: BatchRewards?
  private let range: Range<Int>
  private let realData: (() throws -> RealBatch)?
  private let pairs: (() throws -> Pairs)?
  /// Whether the teachers' predictions keep their graph, see `differentiable`.
  private let keepsGraph: Bool

  /// Per-sample numbers [B] that the objective adds to the diagnostics, by name. A view shares its scene's.
  public var notes: [(name: String, values: Tensor)] { notebook.notes }
  private let notebook: Notebook
  private var known = [String: Tensor]()
  private var views = [String: Scene]()
  private var realBatch: RealBatch?

  private final class Notebook {
    var notes = [(name: String, values: Tensor)]()
  }

  public init(
    samples: Tensor, condition: Condition, fakeCondition: Condition? = nil, time: Tensor, noise: Tensor,
    matching: Matching, studentTime: Double = 1,
    teacher: any Teacher, fakeTeacher: any FakeTeacher, unconditional: ((Condition) throws -> Condition)? = nil,
    batchRewards: BatchRewards? = nil, range: Range<Int>? = nil,
    realData: (() throws -> RealBatch)? = nil, pairs: (() throws -> Pairs)? = nil
  ) {
    self.samples = samples
    self.condition = condition
    self.fakeCondition = fakeCondition ?? condition
    self.time = time
    self.noise = noise
    self.matching = matching
    self.studentTime = studentTime
    self.teacher = teacher
    self.unconditional = unconditional
    self.fakeTeacher = fakeTeacher
    self.batchRewards = batchRewards
    self.range = range ?? 0..<samples.shape[0]
    self.realData = realData
    self.pairs = pairs
    keepsGraph = false
    notebook = Notebook()
  }

  private init(_ scene: Scene, time: Tensor, keepsGraph: Bool) {
    (samples, condition, noise, matching) = (scene.samples, scene.condition, scene.noise, scene.matching)
    fakeCondition = scene.fakeCondition
    (studentTime, teacher, fakeTeacher) = (scene.studentTime, scene.teacher, scene.fakeTeacher)
    unconditional = scene.unconditional
    (batchRewards, range, realData, pairs) = (scene.batchRewards, scene.range, scene.realData, scene.pairs)
    (self.time, self.keepsGraph, notebook) = (time, keepsGraph, scene.notebook)
  }

  /// The quantity of this name. `make` computes it the first time.
  public func once(_ name: String, _ make: () throws -> Tensor) throws -> Tensor {
    if let tensor = known[name] { return tensor }
    let tensor = try make()
    known[name] = tensor
    return tensor
  }

  /// The quantity of this name if it has been computed; does not compute it.
  func ifKnown(_ name: String) -> Tensor? { known[name] }

  /// Adds a column [B] to the diagnostics.
  public func note(_ name: String, _ values: Tensor) { notebook.notes.append((name, values)) }
  public func note(_ name: String, _ values: PerSample) { note(name, values.values) }

  // MARK: Views of the same samples

  /// The same samples and noise compared at other times [B], float64 on the CPU. Each name's view is made once.
  public func at(_ time: Tensor, named name: String) -> Scene {
    view(name) { Scene(self, time: time, keepsGraph: keepsGraph) }
  }

  /// The same scene, in which the teachers' predictions keep their graph through x_t to the samples, as score identity
  /// distillation needs. No gradient accumulates in the teachers' own parameters.
  public var differentiable: Scene { view("differentiable") { Scene(self, time: time, keepsGraph: true) } }

  private func view(_ name: String, _ make: () -> Scene) -> Scene {
    if let scene = views[name] { return scene }
    let scene = make()
    views[name] = scene
    return scene
  }

  // MARK: The teachers' predictions at x_t = α x + σ ε; constants except in a differentiable scene

  public var noisy: Tensor {
    get throws {
      try asked("noisy") { try teacher.schedule.addNoise(keepsGraph ? samples : samples.detached(), noise, at: time) }
    }
  }

  /// x̂0 of the real teacher with the condition.
  public var realConditional: Tensor { get throws { try real("realConditional") } }
  /// x̂0 of the real teacher without the condition. If ω = 1 and nothing needs it, it equals the conditional one.
  public var realUnconditional: Tensor { get throws { try real("realUnconditional") } }

  /// x̂u + ω (x̂c - x̂u)
  public var realGuided: Tensor {
    get throws {
      guard matching.guidance.scale != 1 else { return try realConditional }
      return try asked("realGuided") { try matching.guidance.guided(realConditional, realUnconditional) }
    }
  }

  /// x̂0 of the fake teacher with the condition.
  public var fake: Tensor {
    get throws {
      try asked("fake") {
        try answer(.fakeTeacher) { try fakeTeacher.denoise(from: $0, at: time, given: fakeCondition) }
      }
    }
  }

  /// d_real^c - d_fake: towards the data and away from the student's current samples.
  public var distributionMatching: Tensor {
    get throws { try asked("distributionMatching") { try realConditional - fake } }
  }

  /// (ω - 1)(d_real^c - d_real^u): towards the condition.
  public var conditionalAlignment: Tensor {
    get throws {
      try asked("conditionalAlignment") {
        let strength = matching.guidance.scale - 1
        guard strength != 0 else { return try realConditional.zerosLike() }
        return try strength * (realConditional - realUnconditional)
      }
    }
  }

  /// The divisor of directions, [B, 1, ...]; always a constant, and never 0.
  public var scale: Tensor {
    get throws {
      try once("scale") {
        let rank = samples.rank
        guard matching.scale != .none else {
          return try Tensor.ones([samples.shape[0]], on: samples.device).broadcast(toRank: rank)
        }
        let real = try realGuided.detached()
        return try noGrad {
          let distance = try abs(samples - real).meanPerSample().clamped(1e-8, nil).broadcast(toRank: rank)
          guard matching.scale == .dmd else { return distance }
          return try distance / teacher.schedule.coefficients(time, like: samples).alpha
        }
      }
    }
  }

  // MARK: The reward

  /// R; zeros if the samples were not scored.
  public var reward: PerSample {
    get throws { try perSample("reward") { try batchRewards?.rewards.rows(range) } }
  }

  /// ã; zeros on steps between evaluations.
  public var advantage: PerSample {
    get throws { try perSample("advantage") { try batchRewards?.advantages.rows(range) } }
  }

  /// For each sample the mean of `weight(ã)` over its whole group, even if the group spans several micro-batches.
  public func groupMean(_ weight: (PerSample) throws -> PerSample) throws -> PerSample {
    guard let batchRewards else { return try weight(advantage) }
    return try batchRewards.groupMean(weight).rows(range)
  }

  /// Computes `weight` from the rewards [N] of all samples of the step, and returns the rows of this scene; ones if the
  /// samples were not scored.
  public func overBatch(_ weight: (_ rewards: Tensor) throws -> Tensor) throws -> PerSample {
    try PerSample(batchRewards.map { try weight($0.rewards).rows(range) } ?? perSampleZeros() + 1)
  }

  public var hasRewards: Bool { batchRewards != nil }

  // MARK: The fake teacher's training

  /// The fake teacher's error [B] on x noised to t, in its prediction space; with its graph.
  public var denoisingError: Tensor {
    get throws {
      try once("denoisingError") {
        try span(.fakeTeacher) {
          try fakeTeacher.denoisingError(samples.detached(), noise, at: time, given: fakeCondition)
        }
      }
    }
  }

  // MARK: Data

  /// - Throws: `Failure` if the recipe has no `data`.
  public var real: RealBatch {
    get throws {
      if let realBatch { return realBatch }
      guard let realData else {
        throw Failure(
          .malformed, at: "objective", "this objective needs real samples",
          advice: "Add a `data` section to the recipe.")
      }
      let batch = try realData()
      realBatch = batch
      return batch
    }
  }

  /// - Throws: `Failure` if the recipe has none.
  public var regressionPairs: Pairs {
    get throws {
      guard let pairs else {
        throw Failure(
          .malformed, at: "objective", "this objective needs noise-image pairs",
          advice: "Make them with `fewstep pairs` and name the file at `training.pairs`.")
      }
      return try pairs()
    }
  }

  // MARK: The update

  /// ½ mean (x - sg(x + direction / scale))², see the function of the same name.
  public func match(along direction: Tensor) throws -> Loss {
    try Fewstep.match(samples, along: direction, scale: scale)
  }

  /// direction / scale
  public func step(along direction: Tensor) throws -> Tensor {
    try refuseOtherShape(direction, than: samples)
    return try noGrad { try direction / scale }
  }

  /// ½ mean (x - sg(x + step))²
  public func match(moving step: Tensor) throws -> Loss { try Fewstep.match(samples, moving: step) }

  private func real(_ name: String) throws -> Tensor {
    if let tensor = known[name] { return tensor }
    try asking {
      if matching.guidance.scale == 1, name == "realConditional" {
        known[name] = try answer(.teacher) { try teacher.denoise(from: $0, at: time, given: condition) }
      } else {
        guard let unconditional else {
          throw Failure(
            .software, at: "scene", "guidance needs the condition for \"no prompt\", and the scene was made without it")
        }
        let both = try answer(.teacher) {
          try teacher.both(
            from: $0, at: time, given: condition, and: unconditional(condition), passes: matching.guidance.passes)
        }
        known["realConditional"] = both.conditional
        known["realUnconditional"] = both.unconditional
      }
    }
    return known[name]!
  }

  /// A network's answer for the noisy samples.
  private func answer<R>(_ role: Span, _ network: (_ noisy: Tensor) throws -> R) throws -> R {
    let noisy = try noisy
    return try span(role) { try network(noisy) }
  }

  private func asked(_ name: String, _ make: () throws -> Tensor) throws -> Tensor {
    try once(name) { try asking(make) }
  }

  private func asking<R>(_ body: () throws -> R) throws -> R {
    try keepsGraph ? fakeTeacher.parameters.frozen(body) : noGrad(body)
  }

  private func perSample(_ name: String, _ make: () throws -> Tensor?) throws -> PerSample {
    try PerSample(once(name) { try make() ?? perSampleZeros() })
  }

  private func perSampleZeros() throws -> Tensor { try .zeros([samples.shape[0]], on: samples.device) }
}
