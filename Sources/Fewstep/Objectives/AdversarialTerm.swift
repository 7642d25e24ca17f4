import Networks
import Tensors

/// DMD2's GAN (arXiv 2405.14867, section 4.3): a small head on a teacher's deep features distinguishes generated from
/// real samples, both noised to a random time. The losses are non-saturating.
public final class AdversarialTerm {
  /// The network whose features the head reads.
  public enum Features: String, Sendable, CaseIterable {
    /// The fake teacher, which learns to distinguish them together with the head (DMD2).
    case fakeTeacher = "fake-teacher"
    /// The frozen real teacher (LADD, arXiv 2403.12015).
    case teacher
  }

  public struct Settings: Sendable {
    public let studentWeight: Double
    public let discriminatorWeight: Double
    public let head: DiscriminatorKind
    public let features: Features
    /// The head's optimizer settings; nil trains the head together with the fake teacher.
    public let optimization: OptimizationSettings?

    public init(_ s: SettingsReader) {
      studentWeight = s.number(
        "student-weight", default: 3e-3, in: .nonNegative,
        "Weight of the GAN in the student's loss (DMD2: 3e-3 ImageNet, 5e-3 SDXL).")
      discriminatorWeight = s.number(
        "discriminator-weight", default: 1e-2, in: .nonNegative,
        "Weight of the discriminator's loss, added to the denoising loss (DMD2: 1e-2).")
      head = s.choice(
        "head", default: .pointwise, "The discriminator's architecture; convolutional is DMD2's for SDXL.")
      features = s.choice("features", default: .fakeTeacher, "Whose features the discriminator's head reads.")
      optimization = s.optionalSection("optimizer").map {
        OptimizationSettings($0, learningRate: 1e-4, betas: [0.9, 0.999])
      }
    }
  }

  public let settings: Settings
  private var head: (any Discriminator)?
  /// Tells the head the student's step, whoever's features it reads; nil if all steps are matched at once.
  private var step: StepEmbedding?

  public init(_ settings: Settings) { self.settings = settings }

  /// If both weights are 0, the term is left out.
  public var isActive: Bool { settings.studentWeight > 0 || settings.discriminatorWeight > 0 }
  public var parameters: ParameterStore? { head?.parameters }

  public func prepare(for scenes: SceneBuilder, seed: Int) throws {
    guard isActive else { return }
    guard let shape = scenes.backbone.featureShape else {
      throw TensorError("gan", "this backbone has no features for a discriminator to read; remove the `gan` section")
    }
    let store = ParameterStore(.random(seed: seed), device: scenes.backbone.device)
    head = try settings.head.discriminator(of: shape, store)
    if scenes.matching.steps == .stepAware {
      step = try StepEmbedding(store.root / "student_step", steps: scenes.steps.count, width: shape[0])
    }
  }

  /// Adds softplus(-D(x_t')): the student makes samples that the head takes for real.
  public func adding(toStudent loss: Loss, _ scene: Scene) throws -> Loss {
    guard settings.studentWeight > 0 else { return loss }
    let batch = try scene.real
    // The gradient passes through the head and the features to the sample, and must not accumulate in the networks on
    // the way.
    let generated = try (head?.parameters ?? scene.fakeTeacher.parameters).frozen {
      try scene.fakeTeacher.parameters.frozen {
        try logits(scene.samples, batch.fakeNoise, batch.time, scene.fakeCondition, scene)
      }
    }
    return try loss.adding("gan", mean(softplus(-generated)), weight: settings.studentWeight)
  }

  /// Adds softplus(D(generated)) + softplus(-D(real)).
  public func adding(toFakeTeacher loss: Loss, _ scene: Scene) throws -> Loss {
    guard settings.discriminatorWeight > 0 else { return loss }
    let batch = try scene.real
    let generated = try logits(scene.samples.detached(), batch.fakeNoise, batch.time, scene.fakeCondition, scene)
    let real = try logits(batch.samples, batch.realNoise, batch.time, batch.condition, scene)
    return try loss.adding(
      "discriminator", mean(softplus(generated)) + mean(softplus(-real)), weight: settings.discriminatorWeight)
  }

  private func logits(
    _ samples: Tensor, _ noise: Tensor, _ time: Tensor, _ condition: Condition, _ scene: Scene
  ) throws -> Tensor {
    guard let head else { throw TensorError("gan", "the discriminator was not prepared") }
    let reader: any Denoiser = settings.features == .fakeTeacher ? scene.fakeTeacher : scene.teacher
    return try span(.discriminator) {
      let features = try reader.features(
        of: reader.schedule.addNoise(samples, noise, at: time), at: time, given: condition)
      guard let step else { return try head(features) }
      return try head(features + step(condition.tensor(Condition.studentStep)).broadcast(toRank: features.rank))
    }
  }
}
