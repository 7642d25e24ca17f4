import ArgumentParser
import Evaluation
import Fewstep
import Foundation
import Storage
import Tensors

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw samples of a run's student, or of its teacher.",
    discussion: """
      Example:  fewstep sample runs/quickstart --count 40 --output grid.png
                fewstep sample runs/quickstart --teacher-steps 50 --tensors samples.h5
      """)

  @Argument(help: "A run folder.") var folder: String
  @Option(help: "How many samples; prompts are dealt out in turn.") var count = 40
  @Option(help: "The seed of the noise.") var seed = 1
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?
  @Option(help: "Sample the teacher instead, in so many steps.") var teacherSteps: Int?
  @Option(help: "The teacher's sampler: ddim (the default) or heun (two evaluations a step).") var sampler: SamplerKind?
  @Option(help: "Where the picture goes.") var output = "samples.png"
  @Option(help: "Write the samples as HDF5 too: samples, prompts.") var tensors: String?

  func validate() throws {
    try require("--count", count, in: Limits.samples)
    try require("--seed", seed, in: Limits.seeds)
    try require("--teacher-steps", teacherSteps, in: Limits.samplerSteps)
    if sampler != nil, teacherSteps == nil {
      throw ValidationError("--sampler: a student has its own; it goes with --teacher-steps")
    }
  }

  func run() throws {
    let opened = try FinishedRun(folder, step: step)
    for path in [output, tensors].compactMap(\.self) { try AtomicFile.checkWritable(path) }
    Interruption.listen()
    let stopped = "stopped while sampling; nothing was written"
    let sampling = Sampling(opened.cast.backbone, seed: seed)
    let prompts = sampling.prompts(count)
    let progress = Progress(total: count)
    let samples =
      if let teacherSteps {
        try sampling.teacher(
          StoppableTeacher(opened.cast.teacher, stopped), steps: teacherSteps,
          guidance: opened.recipe.matching.guidance, sampler: (sampler ?? .ddim).sampler, prompts: prompts,
          progress: { progress.update($0, "teacher, \(teacherSteps) steps") })
      } else {
        try sampling.fewStep(
          opened.cast.student, steps: opened.steps, prompts: prompts,
          progress: {
            try stopIfAsked(stopped)
            progress.update($0, "student, \(opened.steps.count) steps")
          })
      }
    if let tensors {
      try HDF5File.write(to: tensors) { file in
        try file.write(samples, to: "samples")
        try file.write(Tensor(prompts), to: "prompts")
      }
      note("tensors: \(tensors)")
    }
    let name = teacherSteps.map { "teacher, \($0) steps" } ?? "student, \(opened.steps.count) steps"
    if let image = try Pictures(opened.cast.backbone).image([(name, samples)], prompts: prompts) {
      try image.write(to: output)
      note("picture: \(output)")
    }
  }
}

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a run's student and teacher against real samples.",
    discussion: """
      Example:  fewstep evaluate runs/quickstart --samples 5000 --set evaluation.teacher-steps=[20,50]
      """)

  @Argument(help: "A run folder whose recipe has an `evaluation` section.") var folder: String
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?
  @Option(help: "How many samples, in place of the recipe's number.") var samples: Int?
  @Option(name: .customLong("set"), help: "Replace one value of the evaluation: evaluation.KEY=VALUE. May be repeated.")
  var overrides: [String] = []
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    try require("--samples", samples, in: 2...Limits.samples.upperBound)
    if let other = overrides.first(where: { !$0.hasPrefix("evaluation.") }) {
      throw ValidationError("--set \(other): only values below `evaluation` can be replaced after a run")
    }
  }

  func run() throws {
    let opened = try FinishedRun(folder, step: step, overrides: overrides)
    guard var settings = opened.recipe.evaluation else {
      throw CommandError(ExitCodes.invalid, "\(folder)/recipe.yaml: there is no `evaluation` section")
    }
    if let samples { settings.samples = samples }
    let evaluation = try ModelEvaluation(opened.recipe, settings, cast: opened.cast)
    Interruption.listen()
    let scores = try evaluate(
      evaluation, opened.cast.student, opened.recipe, ifStopped: "stopped while evaluating; nothing was written")
    print(json ? String(decoding: try JSONEncoder.pretty.encode(scores), as: UTF8.self) : try Table(scores.scores).text)
  }
}

struct Pairs: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Record what the teacher makes of noises, for DMD's regression term.",
    discussion: """
      Example:  fewstep pairs recipes/fashion-mnist/dmd-1step.yaml --output pairs.h5 --count 2000
      Then:     fewstep run recipes/fashion-mnist/dmd-1step.yaml --set training.pairs=pairs.h5 --set objective.regression-weight=0.25
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "Where the pairs go (HDF5).") var output: String
  @Option(help: "How many pairs.") var count = 1000
  @Option(help: "Steps of the teacher's sampler.") var steps = 50
  @Option(help: "The teacher's sampler: ddim or heun (two evaluations a step).") var sampler = SamplerKind.ddim
  @Option(help: "Samples made at once.") var batch = 250

  func validate() throws {
    try require("--count", count, in: Limits.samples)
    try require("--steps", steps, in: Limits.samplerSteps)
    try require("--batch", batch, in: Limits.samples)
  }

  func run() throws {
    let recipe = try arguments.load()
    if let threads = recipe.threads { try Runtime.setThreads(threads) }
    let backbone = try recipe.backbone(PluginContext(device: recipe.device, seed: recipe.seed))
    let progress = Progress(total: count)
    Interruption.listen()
    let teacher = StoppableTeacher(try backbone.teacher(), "stopped while making pairs; nothing was written")
    try PairsFile.make(
      output, count: count, steps: steps, sampler: sampler, batch: batch, guidance: recipe.matching.guidance,
      seed: recipe.seed, backbone: backbone, teacher: teacher
    ) { progress.update($0, "pairs, \(steps) steps each") }
    note("pairs: \(output)")
  }
}

extension SamplerKind: ExpressibleByArgument {}
