import Files
import Foundation
import Networks
import Tensors

/// A whole experiment: everything that determines a run.
public struct Recipe {
  public struct Training: Sendable {
    /// The number of student updates.
    public let steps: Int
    /// The number of samples per update.
    public let batch: Int
    /// The number of parts that a batch is trained in, one after the other; the result is the same within rounding.
    public let microBatches: Int
    /// The path of noise-image pairs for a regression term.
    public let pairs: String?
    /// The number of samples that go through the networks at once.
    public var microBatchSize: Int { batch / microBatches }
  }

  public struct Output: Sendable {
    public let logEvery: Int
    public let checkpointEvery: Int
    public let keep: Int
    /// 0: no grids while training.
    public let sampleEvery: Int
    /// The number of samples in a grid; nil chooses it by cost.
    public let samples: Int?
    public let diagnosticsEvery: Int
    /// The maximum number of rows in diagnostics.h5.
    public let diagnosticsRows: Int
    /// The number that the best checkpoint is chosen by; nil keeps none.
    public let keepBest: BestMetric?
    /// Steps without a better number after which a run ends; 0 never ends it early.
    public let patience: Int
  }

  public struct Evaluation {
    public var samples: Int
    public let batch: Int
    public let teacherSteps: [Int]
    public let seed: Int
    /// The frames of videos whose features are averaged.
    public let frames: VideoFrames
    public let features: (PluginContext) throws -> any FeatureNetwork
    public let reference: (PluginContext) throws -> any DataSource
    /// Other real samples: their distance from the reference is the lowest that a model can reach.
    public let floor: ((PluginContext) throws -> any DataSource)?
    public let reward: ((PluginContext) throws -> any RewardProxy)?
    /// Steps between small evaluations of the student while it trains; 0 for none.
    public let every: Int
    /// The samples of a small evaluation.
    public let samplesDuring: Int
  }

  public let name: String
  public let seed: Int
  public let device: Device
  public let threads: Int?
  public let backbone: (PluginContext) throws -> any Backbone
  public let data: ((PluginContext) throws -> any DataSource)?
  public let reward: ((PluginContext) throws -> any RewardProxy)?
  public let objective: (PluginContext) throws -> any MatchingObjective
  /// The student's times, falling from 1.
  public let steps: [Double]
  public let student: RoleSettings
  public let ema: EMA.Decay?
  /// λ in the student's loss - λ mean R, whose gradient goes through the reward and the pixels; 0 leaves the term out.
  public let rewardWeight: Double
  public let fakeTeacher: RoleSettings
  /// Fake-teacher updates per student update.
  public let fakeTeacherUpdates: Int
  public let matching: Matching
  public let training: Training
  public let sharding: ShardingSettings
  public let output: Output
  public let evaluation: Evaluation?
  public let monitor: MonitorSettings
  /// Every value that was read, with its source as a comment.
  public let resolved: YAMLNode
  let effects: Effects
  private let source: YAMLNode
  /// Files that plugins were loaded from.
  public let pluginFiles: [String]
  /// Every setting that was read, as its reader declares it.
  public let settings: [Setting]

  /// - Parameter device: in place of the recipe's own: `.meta` plans a run.
  /// - Throws: `RecipeError` with all mistakes, `Failure` if the text is not YAML.
  public init(_ node: YAMLNode, catalog: Catalog, on device: Device? = nil) throws {
    try self.init(reading: SettingsReader(node, catalog), of: node, catalog, on: device)
  }

  /// The settings of every recipe, without those of plugins.
  public static func ownSettings(_ catalog: Catalog) -> [Setting] {
    let reader = SettingsReader.describing()
    _ = try? Recipe(reading: reader, of: .null, catalog)
    return reader.declarations
  }

  private init(reading s: SettingsReader, of node: YAMLNode, _ catalog: Catalog, on other: Device? = nil) throws {
    let common = CommonSettings(s, on: other)
    (name, seed, device, threads) = (common.name, common.seed, common.device, common.threads)
    backbone = s.plugin("backbone", among: catalog.backbones, "The model family.")
    data = s.optionalPlugin("data", among: catalog.data, "Real samples, for a GAN.")
    reward = s.optionalPlugin(
      "reward", among: catalog.rewards, "What scores samples: Forbidden Zones are where it is low.")
    objective = s.plugin("objective", among: catalog.objectives, "What the student learns from.")

    let student = s.section("student")
    steps = student.numbers(
      "steps", default: [1, 0.75, 0.5, 0.25], in: .closed(1e-3, 1),
      "The student's times, from 1 (noise) downwards; stored with it. A DDPM's may begin lower: DMD2's one-step SDXL is told 0.4."
    )
    student.require(
      !steps.isEmpty && zip(steps, steps.dropFirst()).allSatisfy(>), at: "steps", "expected times that fall")
    self.student = RoleSettings(student, learningRate: 1e-4, betas: [0.9, 0.999])
    ema = student.ema()
    rewardWeight =
      student.has("reward-weight")
      ? student.number(
        "reward-weight", in: .nonNegative,
        "λ of -λ mean R in the student's loss, with the reward's gradient (ReFL, arXiv 2304.05977); without it, none.")
      : 0
    let fake = s.section("fake-teacher")
    fakeTeacherUpdates = fake.integer(
      "updates", default: 5, in: .closed(1, 10_000), "Fake-teacher updates for each of the student's (DMD2: 5).")
    fakeTeacher = RoleSettings(fake, learningRate: 1e-4, betas: [0.9, 0.999])

    let matching = s.section("matching")
    let guidance = matching.number(
      "guidance", default: 1, in: .nonNegative, "ω in x̂u + ω (x̂c - x̂u), the teacher's; other code writes g = ω - 1.")
    let passes = matching.integer(
      "guidance-passes", default: 1, in: .closed(1, 2), affects: .speed,
      "Passes of the teacher for x̂c and x̂u: 1 with a batch of twice the size, or 2, which takes less memory.")
    let scale: MatchingScale = matching.choice("scale", default: .dmd2, "What directions are divided by, per sample.")
    let times = matching.numbers(
      "times", default: [0.02, 0.98], in: .closed(0, 1), count: 2,
      "Bounds of the times at which student and teachers are compared.")
    matching.require(times[0] < times[1], at: "times", "the first bound must be below the second")
    let levels = matching.optionalNumbers(
      "levels", in: .closed(0, 1),
      "Bounds [low, high] of the noise level σ to which drawn times are clamped: a flow's, after its shift. Without it, none."
    )
    matching.require(
      levels.map { $0.count == 2 && $0[0] < $0[1] } ?? true, at: "levels",
      "expected two numbers, the first below the second")
    let sampling = matching.timeSampling(
      "sampling", "How those times are drawn, and those of the fake teacher's training and of the discriminator.")
    let matched: MatchedSteps = matching.choice(
      "steps", default: .all,
      "The student's steps whose samples are matched: all at once, as one distribution; the last, which is what is sampled; "
        + "or each by itself, of which the fake teacher is told (step-aware).")
    self.matching = Matching(
      guidance: Guidance(guidance, passes: Guidance.Passes(rawValue: passes) ?? .one), scale: scale,
      times: times[0]...max(times[0], times[1]),
      levels: levels.flatMap { $0.count == 2 && $0[0] < $0[1] ? $0[0]...$0[1] : nil }, sampling: sampling,
      steps: matched)

    let training = s.section("training")
    // If a schedule ends with the run, a role's or the objective's, the run's length affects every learning rate.
    let length: Effect = s.dependsOnLength ? .results : .future
    self.training = Training(
      steps: training.integer("steps", in: .steps, affects: length, "Student updates."),
      batch: training.integer("batch", default: 64, in: .batch, "Samples of one update."),
      microBatches: training.integer(
        "micro-batches", default: 1, in: .atLeast(1),
        "Parts that a batch is trained in, one after the other, to save memory."),
      pairs: training.has("pairs") ? training.path("pairs", "Noise-image pairs made by `fewstep pairs`.") : nil)
    training.require(
      self.training.batch % self.training.microBatches == 0, at: "micro-batches",
      "must divide the batch of \(self.training.batch)")

    sharding = s.optionalSection("sharding", affects: .speed).map(ShardingSettings.init) ?? .none

    let output = s.section("output", affects: .records)
    self.output = Output(
      logEvery: output.integer("log-every", default: 10, in: .atLeast(1), "Steps between points of the curves."),
      checkpointEvery: output.integer("checkpoint-every", default: 200, in: .atLeast(1), "Steps between checkpoints."),
      keep: output.integer("keep", default: 2, in: .closed(1, 1_000_000), "Checkpoints that are kept."),
      sampleEvery: output.integer(
        "sample-every", default: 200, in: .nonNegative, "Steps between sample grids; 0: none while training."),
      samples: output.has("samples")
        ? output.integer(
          "samples", in: .closed(0, 10_000),
          "Samples in a grid; 0: no grids. Without it as many as an update has, 50 at most, or 1,000 points.") : nil,
      diagnosticsEvery: output.integer(
        "diagnostics-every", default: 10, in: .atLeast(1),
        "Steps between per-sample diagnostics; both teachers are asked on them whatever the objective needs."),
      diagnosticsRows: output.integer(
        "diagnostics-rows", default: 250_000, in: .closed(1000, 1_000_000_000),
        "Rows of the diagnostics; beyond them every other step is dropped."),
      keepBest: output.has("keep-best")
        ? output.choice(
          "keep-best", affects: .future,
          "The number that the best checkpoint is chosen by, which is then kept, written and evaluated; null: none.")
        : nil,
      patience: output.integer(
        "keep-best-patience", default: 0, in: .nonNegative, affects: .future,
        "Steps without a better number after which the run ends early; 0: never."))
    output.require(
      self.output.patience == 0 || self.output.keepBest != nil, at: "keep-best-patience", "this needs keep-best")
    monitor = MonitorSettings(s, catalog)

    evaluation = s.optionalSection("evaluation", affects: .future).map { [training = self.training] in
      Self.evaluation($0, catalog, microBatchSize: training.microBatchSize)
    }
    if let best = self.output.keepBest {
      let isMeasured = best.isEvaluated ? evaluation.map { $0.every > 0 } == true : monitor.every > 0
      output.require(
        isMeasured, at: "keep-best",
        best.isEvaluated
          ? "\(best.rawValue) needs small evaluations: evaluation.every"
          : "\(best.rawValue) needs the monitor: monitor.every")
      output.require(
        best != .reward || reward != nil, at: "keep-best", "there is no reward: add a `reward` section")
      output.require(
        best != .heldOutRewards || !monitor.heldOutRewards.isEmpty, at: "keep-best",
        "there are no held-out rewards: add monitor.held-out-rewards")
    }
    try s.finish()
    source = node
    effects = s.effects
    resolved = s.resolvedNode
    settings = s.declarations
    pluginFiles = catalog.files
  }

  /// The most checkpoints on the disk at one time: while one is written, there is one more than `output.keep`.
  public var checkpointsAtOnce: Int { min((training.steps - 1) / output.checkpointEvery + 1, output.keep + 1) }

  /// The position of a key, or of the nearest section above it: for mistakes that show only when parts are combined.
  public func place(of key: String) -> YAMLNode.Position {
    var node = source
    for part in key.split(separator: ".") {
      guard let child = node[String(part)] else { break }
      node = child
    }
    return node.position
  }

  /// The keys whose values differ from a saved recipe's.
  ///
  /// - Parameter except: the effects of settings to ignore.
  public func keys(differingFrom saved: YAMLNode, except effects: Set<Effect>) -> [String] {
    resolved.keys(differingFrom: saved).filter { !effects.contains(self.effects[$0]) }
  }

  /// - Parameter microBatchSize: of training.
  private static func evaluation(_ s: SettingsReader, _ catalog: Catalog, microBatchSize: Int) -> Evaluation {
    Evaluation(
      samples: s.integer("samples", default: 1000, in: .closed(2, 1_000_000), "Samples a metric is computed from."),
      batch: s.integer(
        "batch", default: min(50, microBatchSize), in: .batch,
        "Samples made at once; without it as many as training.batch / training.micro-batches, 50 at most."),
      teacherSteps: s.integers(
        "teacher-steps", default: [50], in: .closed(1, 100_000),
        "DDIM step counts the teacher is evaluated at, in addition to the student's own sampler."),
      seed: s.integer(
        "seed", default: 1, in: .nonNegative, "Of the evaluation's noise, the same for teacher and student."),
      frames: VideoFrames(s),
      features: s.plugin("features", among: catalog.features, "The features that metrics compare samples by."),
      reference: s.plugin("reference", among: catalog.data, "The real samples they are compared with."),
      floor: s.optionalPlugin("floor", among: catalog.data, "Other real samples, for the least distance there can be."),
      reward: s.optionalPlugin(
        "reward", among: catalog.rewards, "Another score of the samples; best not the reward they are trained with."),
      every: s.integer(
        "every", default: 0, in: .nonNegative,
        "Steps between small evaluations of the student while it trains, against the same real samples; 0: none."),
      samplesDuring: s.integer(
        "samples-during", default: 500, in: .closed(4, 1_000_000), "Samples of a small evaluation."))
  }
}
