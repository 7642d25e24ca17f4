import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

/// The source of samples: a run's student or teacher, or a pretrained model.
struct SourceArguments: ParsableArguments {
  @Option(help: "Which checkpoint, by its step; by default the best if the run keeps it, otherwise the last.") var step:
    Int?
  @Option(help: "Sample the teacher instead, in this many steps; by default, for a model, its family's.")
  var teacherSteps: Int?
  @Option(
    help:
      "The teacher's sampler: ddim (Euler on flows), heun (two evaluations a step), dpm++ or unipc; by default the family's."
  )
  var sampler: SamplerKind?
  @Option(help: "The teacher's ω; by default the run's, or the model family's.") var guidance: Double?
  @Option(
    help: "For a model: pixels a side, HEIGHTxWIDTH, or HEIGHTxWIDTHxFRAMES of videos; by default the model's.",
    transform: MediaSize.init(parsing:))
  var size: MediaSize?
  @Option(help: "For a model of videos: frames; by default the model's.") var frames: Int?
  @Option(help: "For a model: which of its weight files, such as fp16.") var variant: String?
  @Option(help: "For a model: what is computed in; float32 by default.") var precision: Precision?
  @Option(help: "For a model: cpu (the default), cuda or cuda:N.") var device: Device?
  @Option(
    name: .customLong("set"),
    help: "For a model: a setting of its family, KEY=VALUE, such as shift=8 of Wan. May be repeated.")
  var settings: [String] = []

  func validate() throws {
    try require("--teacher-steps", teacherSteps, in: Limits.samplerSteps)
    try require("--frames", frames, in: 1...10_000)
    if frames != nil, size?.frames != nil { throw ValidationError("--frames: --size gives the frames already") }
    if let guidance, !(0...1e6).contains(guidance) {
      throw ValidationError("--guidance: expected a number from 0 on, got \(guidance)")
    }
  }

  static func isModel(_ folder: String) -> Bool {
    PipelineFolder.isThere(folder)
  }

  /// The given options that apply to a pretrained model.
  private var ofModels: [String] {
    [
      ("--size", size != nil), ("--frames", frames != nil), ("--variant", variant != nil),
      ("--precision", precision != nil),
      ("--device", device != nil), ("--set", !settings.isEmpty),
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
    guard !Self.isModel(folder) else {
      return try SampleSource(
        ModelSource(opening: folder, variant, precision ?? .float32, on: device ?? .cpu),
        catalog: ProgramPlugins.catalog, size: size, frames: frames, steps: teacherSteps, guidance: guidance,
        sampler: sampler, set: settings)
    }
    let run = try FinishedRun(folder, step: step)
    return try teacherSteps.map {
      try SampleSource(teacherOf: run, steps: $0, guidance: guidance, sampler: sampler)
    } ?? SampleSource(studentOf: run)
  }
}
