import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

/// The source of samples: a run's student or teacher, or a pretrained model.
struct SourceArguments: ParsableArguments {
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?
  @Option(help: "Sample the teacher instead, in this many steps; 30 by default for a model.") var teacherSteps: Int?
  @Option(help: "The teacher's sampler: ddim (the default) or heun (two evaluations a step).") var sampler: SamplerKind?
  @Option(help: "The teacher's ω; by default the run's, or 5 for a model.") var guidance: Double?
  @Option(
    help: "For a model: pixels a side, HEIGHTxWIDTH, or HEIGHTxWIDTHxFRAMES of videos; by default the model's.",
    transform: MediaSize.init(parsing:))
  var size: MediaSize?
  @Option(help: "For a model of videos: frames; by default the model's.") var frames: Int?
  @Option(help: "For a model: which of its weight files, such as fp16.") var variant: String?
  @Option(help: "For a model: what is computed in; float32 by default.") var precision: Precision?
  @Option(help: "For a model: cpu (the default), cuda or cuda:N.") var device: Device?

  func validate() throws {
    try require("--teacher-steps", teacherSteps, in: Limits.samplerSteps)
    try require("--frames", frames, in: 1...10_000)
    if frames != nil, size?.frames != nil { throw ValidationError("--frames: --size gives the frames already") }
    if let guidance, !(0...1e6).contains(guidance) {
      throw ValidationError("--guidance: expected a number from 0 on, got \(guidance)")
    }
  }

  static func isModel(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/model_index.json")
  }

  /// The given options that apply to a pretrained model.
  private var ofModels: [String] {
    [
      ("--size", size != nil), ("--frames", frames != nil), ("--variant", variant != nil),
      ("--precision", precision != nil),
      ("--device", device != nil),
    ].filter(\.1).map(\.0)
  }

  /// All options given on the command line.
  var given: [String] {
    [
      ("--step", step != nil), ("--teacher-steps", teacherSteps != nil), ("--sampler", sampler != nil),
      ("--guidance", guidance != nil),
    ].filter(\.1).map(\.0) + ofModels
  }

  /// - Throws: `ValidationError` if an option would have no effect: a teacher's option when a run's student is sampled;
  ///   a model's with a run; a run's with a model.
  func validate(for folder: String) throws {
    guard !Self.isModel(folder) else {
      if step != nil { throw ValidationError("--step: a model has no checkpoints; it goes with a run") }
      return
    }
    if let option = ofModels.first {
      throw ValidationError("\(option): it goes with a model's folder; a run's recipe says it")
    }
    if teacherSteps == nil, sampler != nil || guidance != nil {
      throw ValidationError("--sampler and --guidance: a student has its own; they go with --teacher-steps")
    }
  }

  /// - Parameter folder: the folder of a run, or of a model in diffusers' layout.
  func open(_ folder: String) throws -> SampleSource {
    try Self.isModel(folder) ? modelSource(folder) : runSource(folder)
  }

  private func runSource(_ folder: String) throws -> SampleSource {
    let opened = try FinishedRun(folder, step: step)
    let maker: SampleSource.Maker
    if let teacherSteps {
      maker = .teacher(
        try opened.backbone.teacher(), steps: teacherSteps,
        guidance.map(Guidance.init) ?? opened.recipe.matching.guidance, (sampler ?? .ddim).sampler)
    } else {
      let (student, steps) = try opened.student()
      maker = .student(student, steps: steps)
    }
    return SampleSource(backbone: opened.backbone, maker: maker, folder: folder) {
      var fingerprint: Fingerprint = ["checkpoint": "\(opened.step)"]
      for (key, value) in opened.recipe.resolved["backbone"]?.leaves ?? [:] where key != "prompts" {
        // A model is identified by its weights, since its folder may be moved.
        let model = key == "model" ? try? PipelineFolder(value) : nil
        fingerprint["backbone.\(key)"] =
          try model?.digest(variant: opened.recipe.resolved["backbone"]?.leaves["variant"]) ?? value
      }
      return fingerprint
    }
  }

  /// The size that the options give to a family's samples.
  ///
  /// - Throws: `Failure` if they give frames to images.
  private func size(of family: any PretrainedModel.Type) throws -> MediaSize {
    if family.defaultSize.frames == nil,
      let option = frames.map({ _ in "--frames" }) ?? size?.frames.map({ _ in "--size" })
    {
      throw Failure(.usage, at: option, "samples of \(family.name) are images, and have no frames")
    }
    var chosen = size ?? family.defaultSize
    chosen.frames = frames ?? chosen.frames ?? family.defaultSize.frames
    return chosen
  }

  private func modelSource(_ folder: String) throws -> SampleSource {
    let precision = precision ?? .float32
    let source = try ModelSource(opening: folder, variant, precision, on: device ?? .cpu)
    let family = try ProgramPlugins.catalog.family(source.folder)
    let size = try size(of: family)
    let backbone = try PretrainedBackbone(
      family,
      PretrainedBackbone.Settings(
        model: folder, variant: variant, prompts: nil, size: size, precision: precision.dtype),
      on: source.device)
    return SampleSource(
      backbone: backbone,
      maker: .teacher(
        try backbone.teacher(), steps: teacherSteps ?? 30, Guidance(guidance ?? 5), (sampler ?? .ddim).sampler),
      folder: folder
    ) {
      [
        "class": source.folder.className, "size": "\(size)", "precision": precision.rawValue,
        "weights": try source.folder.digest(variant: variant),
      ]
    }
  }
}
