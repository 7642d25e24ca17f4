import ArgumentParser
import Fewstep
import Foundation
import Storage
import Tensors

/// What is sampled from: a run's student or teacher, or a pretrained model.
struct SourceArguments: ParsableArguments {
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?
  @Option(help: "Sample the teacher instead, in so many steps.") var teacherSteps: Int?
  @Option(help: "The teacher's sampler: ddim (the default) or heun (two evaluations a step).") var sampler: SamplerKind?
  @Option(help: "The teacher's ω; by default the run's, or 5 for a model.") var guidance: Double?
  @Option(help: "For a model: height and width in pixels.") var size = 1024
  @Option(help: "For a model: which of its weight files, such as fp16.") var variant: String?
  @Option(help: "For a model: what is computed in.") var precision = Precision.float32
  @Option(help: "For a model: cpu, cuda or cuda:N.") var device = Device.cpu

  func validate() throws {
    try require("--teacher-steps", teacherSteps, in: Limits.samplerSteps)
    try require("--size", size, in: 8...16384)
  }

  static func isModel(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/model_index.json")
  }

  /// - Throws: `ValidationError` where an option speaks of a teacher, and the student of a run is sampled.
  func validate(for folder: String) throws {
    if teacherSteps == nil, !Self.isModel(folder), sampler != nil || guidance != nil {
      throw ValidationError("--sampler and --guidance: a student has its own; they go with --teacher-steps")
    }
  }

  /// - Parameter folder: a run's, or a model's in diffusers' layout.
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
      (opened.recipe.resolved["backbone"]?.leaves ?? [:]).reduce(into: ["checkpoint": "\(opened.step)"]) {
        $0["backbone.\($1.key)"] = $1.value
      }
    }
  }

  private func modelSource(_ folder: String) throws -> SampleSource {
    let source = try ModelSource(opening: folder, variant, precision, on: device)
    let backbone = try FewstepCommand.catalog.pipeline(source.folder).backbone(source, [size, size])
    return SampleSource(
      backbone: backbone,
      maker: .teacher(
        try backbone.teacher(), steps: teacherSteps ?? 30, Guidance(guidance ?? 5), (sampler ?? .ddim).sampler),
      folder: folder
    ) {
      [
        "class": source.folder.className, "size": "\(size)", "precision": precision.rawValue,
        "weights": try source.folder.identity(variant: variant),
      ]
    }
  }
}
