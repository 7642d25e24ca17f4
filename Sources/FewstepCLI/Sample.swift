import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Media
import Processes
import Reports
import Tensors

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw samples of a run's student, of its teacher, or of a pretrained model.",
    discussion: """
      Example:  fewstep sample runs/quickstart --count 40 --output grid.png
                fewstep sample runs/quickstart --teacher-steps 50 --tensors samples.h5
                fewstep sample runs/sdxl-amd-4step --prompt "a red fox in the snow" --count 4 --pictures foxes/
                fewstep sample models/sdxl --prompt "a red fox in the snow" --teacher-steps 30 --guidance 5
      """)

  @Argument(help: "A run folder, or a model's folder in diffusers' layout.") var folder: String
  @Option(help: "How many samples; prompts are dealt out in turn.") var count = 40
  @Option(help: "The seed of the noise.") var seed = 1
  @Option(name: .customLong("prompt"), help: "A text, in place of the run's prompts. May be repeated.")
  var texts: [String] = []
  @OptionGroup var source: SourceArguments
  @Option(
    help: "Noises in an HDF5 file, dataset `noises` [steps, count, ...], in place of the seed's: to compare samplers.")
  var noises: String?
  @Option(help: "Samples made at once.") var batch = 50
  @Option(help: "Where the picture of all samples goes.") var output = "samples.png"
  @Option(help: "A folder for each sample as a PNG of its own, with what it was made from inside.") var pictures:
    String?
  @Option(help: "Write the samples as HDF5 too: samples, prompts.") var tensors: String?
  func validate() throws {
    try require("--count", count, in: Limits.samples)
    try require("--seed", seed, in: Limits.seeds)
    try require("--batch", batch, in: Limits.samples)
    try source.validate(for: folder)
    if SourceArguments.isModel(folder), texts.isEmpty {
      throw ValidationError("a model knows no prompts: give --prompt")
    }
  }

  func run() throws {
    for path in [output, tensors].compactMap(\.self) { try AtomicFile.checkWritable(path) }
    if let pictures { try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true) }
    let source = try source.open(folder)
    Signals.listen()
    var sampling = try source.sampling(texts, seed: seed, batch: batch)
    if let noises { sampling.noises = try HDF5File.open(noises).read("noises").to(.float32) }
    let prompts = sampling.promptIDs(count)
    let progress = Progress(total: count)
    let samples = try source.samples(
      sampling, promptIDs: prompts, ifStopped: "stopped while sampling; nothing was written"
    ) { progress.update($0, source.name) }
    if let tensors {
      try HDF5File.write(to: tensors) { file in
        try file.write(samples, to: "samples")
        try file.write(Tensor(prompts), to: "prompts")
      }
      note("tensors: \(tensors)")
    }
    if let pictures { try write(samples, of: source, prompts, into: pictures) }
    if let image = try SampleGrid(source.backbone).image([(source.name, samples)], promptIDs: prompts) {
      try image.write(to: output)
      note("picture: \(output)")
    }
  }

  /// Each sample as a picture of its own.
  private func write(_ samples: Tensor, of source: SampleSource, _ prompts: [Int], into folder: String) throws {
    let names = texts.isEmpty ? source.backbone.prompts : texts
    for (index, prompt) in prompts.enumerated() {
      guard source.backbone.medium != .points else {
        throw Failure(.usage, at: "--pictures", "samples of this model family are points")
      }
      let pixels = try source.backbone.stills(samples.rows(index..<index + 1))
      let place = [
        PNGImage.Text("prompt", names[prompt]), PNGImage.Text("seed", "\(seed)"), PNGImage.Text("sample", "\(index)"),
      ]
      let image = try PNGImage(pixels: pixels.squeezed(0), texts: source.settings + place)
      try image.write(to: "\(folder)/\(String(format: "%05d", index)).png")
    }
    note("pictures: \(folder)")
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
      throw Failure(.malformed, at: "\(folder)/recipe.yaml", "there is no `evaluation` section")
    }
    if let samples { settings.samples = samples }
    let student = try opened.student().student
    let evaluation = try ModelEvaluation(
      opened.recipe, settings, backbone: opened.backbone, teacher: opened.backbone.teacher())
    Signals.listen()
    let scores = try evaluate(
      evaluation, student, opened.recipe, ifStopped: "stopped while evaluating; nothing was written")
    try printResult(scores, json: json, scores.text)
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
    Signals.listen()
    let teacher = StoppableTeacher(try backbone.teacher(), "stopped while making pairs; nothing was written")
    try ODEPairs.make(
      output, count: count, steps: steps, sampler: sampler, batch: batch, guidance: recipe.matching.guidance,
      seed: recipe.seed, backbone: backbone, teacher: teacher
    ) { progress.update($0, "pairs, \(steps) steps each") }
    note("pairs: \(output)")
  }
}

extension SamplerKind: ExpressibleByArgument {}
