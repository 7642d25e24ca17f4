import Files
import Tensors

extension SampleSource {
  /// A run's student, at the times that are stored with it.
  ///
  /// - Throws: `Failure` if the checkpoint is damaged or another model's.
  public init(studentOf run: FinishedRun) throws {
    let (student, steps) = try run.student()
    self.init(run, .student(student, steps: steps))
  }

  /// A run's teacher.
  ///
  /// - Parameter guidance: ω; nil takes the run's.
  /// - Throws: what the teacher's network throws when it is opened.
  public init(teacherOf run: FinishedRun, steps: Int, guidance: Double? = nil, sampler: SamplerKind? = nil) throws {
    let own = run.recipe.matching.guidance
    let sampler = sampler ?? run.backbone.sampler
    self.init(
      run,
      .teacher(
        try run.backbone.teacher(for: sampler), steps: steps, Guidance(guidance ?? own.scale, passes: own.passes),
        sampler))
  }

  private init(_ run: FinishedRun, _ sampling: Sampling) {
    self.init(run.backbone, sampling, folder: run.folder.path, batch: min(50, run.recipe.training.microBatchSize)) {
      var fingerprint: Fingerprint = ["checkpoint": "\(run.step)"]
      for (key, value) in run.recipe.resolved["backbone"]?.leaves ?? [:] where key != "prompts" {
        // A model is identified by its weights, since its folder may be moved.
        let model = ["model", "teacher"].contains(key) ? try? PipelineFolder(value) : nil
        fingerprint["backbone.\(key)"] =
          try model?.digest(variant: run.recipe.resolved["backbone"]?.leaves["variant"]) ?? value
      }
      return fingerprint
    }
  }

  /// A pretrained model by a many-step sampler. What is nil is the family's.
  ///
  /// - Parameters:
  ///   - size: of the samples; frames that it leaves out are the family's.
  ///   - guidance: ω
  ///   - settings: of the family's own, "KEY=VALUE" each.
  /// - Throws: `Failure` if no plugin knows the model, it cannot make samples of this size, or images are given frames.
  public init(
    _ source: ModelSource, catalog: Catalog, size: MediaSize? = nil, frames: Int? = nil, steps: Int? = nil,
    guidance: Double? = nil, sampler: SamplerKind? = nil, set settings: [String] = []
  ) throws {
    let family = try catalog.family(source.folder)
    var size = size ?? family.defaultSize
    size.frames = frames ?? size.frames ?? family.defaultSize.frames
    if family.defaultSize.frames == nil, let frames = size.frames {
      throw Failure(.usage, at: "\(frames) frames", "samples of \(family.name) are images, and have no frames")
    }
    let backbone = try PretrainedBackbone(
      PretrainedBackbone.Settings(
        model: source.folder.path, variant: source.variant, prompts: nil, size: size, precision: source.precision),
      on: source.device, opening: catalog.opening(family, set: settings))
    self.init(
      backbone,
      .teacher(
        try backbone.teacher(for: sampler ?? backbone.sampler), steps: steps ?? family.defaultSteps,
        Guidance(guidance ?? family.defaultGuidance, passes: family.guidancePasses),
        sampler ?? backbone.sampler),
      folder: source.folder.path, batch: 1
    ) {
      [
        "class": source.folder.className, "size": "\(size)", "precision": source.precision.name,
        "settings": settings.sorted().joined(separator: " "),
        "weights": try source.folder.digest(variant: source.variant),
      ]
    }
  }
}
