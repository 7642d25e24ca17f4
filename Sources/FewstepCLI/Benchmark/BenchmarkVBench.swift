import ArgumentParser
import Benchmarks
import Fewstep
import Foundation
import Processes
import Tensors

struct BenchmarkVBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vbench",
    abstract: "VBench: videos of 944 prompts, scored in 16 dimensions (arXiv 2311.17982).",
    discussion: """
      Five dimensions are measured here, each if its networks are given: temporal_flickering (needs none), \
      subject_consistency (--dino), background_consistency and appearance_style (--clip-b32), aesthetic_quality \
      (--clip-l14, --aesthetic-head). The others come from VBench's package, run by --official, or from its results files.

      Example:  fewstep benchmark vbench videos/ --prompts VBench_full_info.json --dino dino_vitbase16_pretrain.pth
                fewstep benchmark vbench videos/ --prompts VBench_full_info.json --results a_eval_results.json
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "VBench_full_info.json, of the Python package vbench.") var prompts: String
  @Option(help: "Longer prompts to give to the model, one line for each entry of the list.") var augmented: String?
  @Option(help: "Only this dimension. May be repeated.") var dimension: [VBenchDimension] = []
  @Option(help: "Videos for each of temporal_flickering's prompts; 25 if VBench's static_filter follows.")
  var flickeringVideos = VBenchBenchmark.videosAPrompt
  @Option(help: "Of generated videos.") var framesPerSecond = 16.0
  @OptionGroup(title: "The scorers") var scorers: VBenchScorers

  private var dimensions: [VBenchDimension] {
    VBenchDimension.allCases.filter { dimension.isEmpty || dimension.contains($0) }
  }

  func validate() throws {
    try require(
      "--flickering-videos", flickeringVideos, in: VBenchBenchmark.videosAPrompt...VBenchBenchmark.mostVideos)
    guard (0.01...1000).contains(framesPerSecond) else {
      throw ValidationError("--frames-per-second: expected 0.01 to 1000, got \(framesPerSecond)")
    }
  }

  func run() throws {
    let list = try VBenchPrompts(prompts, augmented: augmented)
    let suite = try VBenchBenchmark(
      list, dimensions: Set(dimensions), flickering: flickeringVideos, framesPerSecond: framesPerSecond)
    var scores = VBenchScores(list)
    var program: VBenchProgram?
    if !arguments.onlySamples {
      for file in scorers.results {
        for (dimension, result) in try VBenchResults(file, of: list).dimensions where dimensions.contains(dimension) {
          scores.add(result, of: dimension, by: ["scorer": "a results file"])
        }
      }
      // Checked before hours of sampling: the scorers' files may be missing or wrong.
      program = try scorers.check(dimensions.filter { !scores.dimensions.contains($0) })
    }
    let samples = try arguments.samples(of: suite)
    guard !arguments.onlySamples else { return }
    Signals.listen()
    let scoring = VBenchScoring(
      list, samples, models: scorers.models, on: scorers.scorerDevice, program: program,
      stillVideos: scorers.stillVideos, note: note)
    for dimension in dimensions where !scores.dimensions.contains(dimension) {
      try scoring.score(dimension, into: &scores, progress: arguments.scoring)
    }
    try noteUnscored(scores)
    try arguments.report(
      BenchmarkScores(
        fingerprint: scores.fingerprint, generation: samples.record,
        scores: scores.scores(acceptingMissing: scorers.acceptMissing)),
      of: samples)
  }

  /// - Throws: `Failure` if there is no score at all.
  private func noteUnscored(_ scores: VBenchScores) throws {
    let missing = dimensions.filter { !scores.dimensions.contains($0) }
    guard !missing.isEmpty else { return }
    let names = missing.map(\.rawValue).joined(separator: ", ")
    var words = "not scored: \(names).\n  "
    if missing.contains(where: \.isNative) { words += "The networks of native dimensions are options (--help). " }
    words +=
      VBenchProgram() == nil
      ? "VBench's package, which scores the others, is not installed (pip install vbench)."
      : "--official has VBench's package score what is not measured here."
    if scores.dimensions.isEmpty { throw Failure(.missing, at: "vbench", words) }
    note(words)
  }
}

/// The scorers of VBench's dimensions on the command line.
struct VBenchScorers: ParsableArguments {
  @Option(help: "dino_vitbase16_pretrain.pth of facebookresearch/dino.") var dino: String?
  @Option(help: "OpenAI's CLIP ViT-B/32 with its tokenizer: a folder in transformers' layout.") var clipB32: String?
  @Option(help: "OpenAI's CLIP ViT-L/14: a folder in transformers' or open_clip's layout.") var clipL14: String?
  @Option(help: "sa_0_4_vit_l_14_linear.pth of LAION's aesthetic predictors.") var aestheticHead: String?
  @Option(help: "The networks' device: cpu, cuda or cuda:N.") var scorerDevice = Device.cpu
  @Option(help: "Scores that VBench's package wrote (*_eval_results.json). May be repeated.")
  var results: [String] = []
  @Flag(help: "Let VBench's package score the other dimensions; it needs a GPU and downloads its networks.")
  var official = false
  @Option(help: "The folder of temporal_flickering's videos that VBench's static_filter has kept.")
  var stillVideos: String?
  @Flag(help: "Give totals even if videos are missing, as VBench's script does.") var acceptMissing = false

  var models: VBenchModels {
    VBenchModels(dino: dino, clipB32: clipB32, clipL14: clipL14, aesthetic: aestheticHead)
  }

  /// Opens everything that these dimensions need, to find mistakes early.
  ///
  /// - Returns: VBench's own program, if --official was given and a dimension needs it.
  func check(_ dimensions: [VBenchDimension]) throws -> VBenchProgram? {
    try scorerDevice.requirePresence("--scorer-device")
    for dimension in dimensions where models.has(dimension) {
      _ = try VBenchScorer(dimension, models, on: scorerDevice)
    }
    let left = dimensions.filter { !models.has($0) }.map(\.rawValue)
    guard official, !left.isEmpty else { return nil }
    guard let program = VBenchProgram() else {
      throw Failure(
        .missing, at: "--official",
        "there is no program vbench on the PATH (pip install vbench). It would be needed for: "
          + left.joined(separator: ", "))
    }
    return program
  }
}

extension VBenchDimension: ExpressibleByArgument {}
