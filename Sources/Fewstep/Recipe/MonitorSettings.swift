/// The settings of a run's monitor: a recipe's `monitor` section.
public struct MonitorSettings {
  /// The response to a warning, after it is reported and stored.
  public enum Policy: String, Sendable, CaseIterable {
    case warn
    /// Saves a checkpoint, and keeps it.
    case save
    /// Saves and ends the run; a resume continues in spite of the warning.
    case stop
    /// Returns to the last checkpoint from before the problem, and continues with half the learning rates. Random
    /// numbers are functions of the step, so with the same rates the run would repeat itself.
    case rollBack = "roll-back"
  }

  /// Steps between evaluations of the fixed batch; 0 turns the monitor off.
  public let every: Int
  public let samples: Int
  /// The number of samples that are decoded to pixels.
  public let pixelSamples: Int
  public let teacherSteps: Int
  /// The number of first steps in which the fixed batch's values are ignored.
  public let ignoreFirstSteps: Int
  public let policy: Policy
  public let rollBacks: Int
  /// Thresholds, see `Warning.Kind`.
  public let meanShift: Double
  public let std: Double
  public let diversity: Double
  public let brightness: Double
  public let saturation: Double
  public let fakeTeacherGap: Double
  public let gradientNorm: Double
  public let goodhartGap: Double
  /// Rewards that are measured but not learned from, by the recipe's names for them.
  public let heldOutRewards: [(name: String, make: (PluginContext) throws -> any RewardProxy)]

  init(_ top: SettingsReader, _ catalog: Catalog) {
    let s = top.section("monitor", affects: .future)
    every = s.integer(
      "every", default: 100, in: .nonNegative,
      "Steps between evaluations of the fixed batch, samples from the same prompts and noise all through training; 0 turns the monitor off."
    )
    samples = s.integer(
      "samples", default: 64, in: .closed(4, 100_000), affects: .results,
      "Samples of the fixed batch, 4 or more a prompt.")
    pixelSamples = s.integer(
      "pixel-samples", default: 64, in: .closed(0, 100_000), affects: .results,
      "Samples of the fixed batch, evenly spread, whose pixels are compared; latents are decoded for it. 0: none.")
    teacherSteps = s.integer(
      "teacher-steps", default: 20, in: .closed(1, 100_000),
      "DDIM steps in which the teacher makes the same samples, once at the start: what the student's are compared with."
    )
    ignoreFirstSteps = s.integer(
      "ignore-first-steps", default: 300, in: .nonNegative,
      "Steps in which the student may be anything without a warning; 0 suits one that starts as the teacher.")
    policy = s.choice(
      "policy", default: .warn,
      "What follows a warning: nothing more, a checkpoint that is kept, the end, or a return to the last good checkpoint "
        + "with half the learning rates.")
    rollBacks = s.integer("roll-backs", default: 3, in: .closed(1, 100), "Returns after which the run stops instead.")
    meanShift = s.number(
      "mean-shift", default: 0.75, in: .positive,
      "Distance of the samples' mean from the teacher's, in the teacher's standard deviation."
    )
    std = s.number(
      "std", default: 2, in: .atLeast(1),
      "The samples' standard deviation divided by the teacher's, or its inverse if that is larger.")
    diversity = s.number(
      "diversity", default: 0.5, in: .closed(0, 1),
      "The least mean distance between samples of one prompt, as a share of the teacher's.")
    brightness = s.number(
      "brightness", default: 0.1, in: .closed(0, 1),
      "Distance of the mean pixel value from the teacher's, as a share of the range from black to white.")
    saturation = s.number(
      "saturation", default: 4, in: .atLeast(1),
      "The share of pixel values that are clipped to white, as a multiple of the teacher's (0.2% at least).")
    fakeTeacherGap = s.number(
      "fake-teacher-gap", default: 3, in: .positive,
      "The fake teacher's error on unseen samples divided by its error on the samples it just trained on.")
    gradientNorm = s.number(
      "gradient-norm", default: 100, in: .atLeast(1), "Gradient norm, as a multiple of the median of the last 100.")
    goodhartGap = s.number(
      "goodhart-gap", default: 2, in: .positive,
      "Gain in the training reward minus the mean gain in the held-out rewards, each in its standard deviation over the first evaluation after `ignore-first-steps`."
    )
    // Measurements on other samples or with other rewards could not be compared with earlier ones.
    let rewards = s.optionalSection("held-out-rewards", affects: .results)
    heldOutRewards = (rewards?.names(orDescribing: "NAME") ?? []).map { name in
      (name, rewards!.plugin(name, among: catalog.rewards, "A reward that is measured and not learnt from."))
    }
    for (name, _) in heldOutRewards {
      rewards?.require(!name.contains("/") && !name.isEmpty, at: name, "a name without '/' is expected")
      if let training = top.resolvedNode["reward"], let held = rewards?.resolvedNode[name] {
        rewards?.require(
          !held.hasSameValue(as: training), at: name,
          "this is the reward that is learnt from; one that is held out must be another")
      }
    }
  }
}
