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
  @OptionGroup(title: "The scorers") var scoring: VBenchArguments

  private var dimensions: [VBenchDimension] {
    VBenchDimension.allCases.filter { dimension.isEmpty || dimension.contains($0) }
  }

  func validate() throws {
    try require(
      "--flickering-videos", flickeringVideos, in: VBenchBenchmark.videosAPrompt...VBenchBenchmark.mostVideos)
  }

  func run() throws {
    let list = try VBenchPrompts(prompts, augmented: augmented)
    let benchmark = try VBenchBenchmark(list, dimensions: Set(dimensions), flickering: flickeringVideos)
    // Checked before hours of sampling: the scorers' files may be missing or wrong.
    let scorers = arguments.onlySamples ? nil : try scoring.open(list, dimensions)
    let samples = try arguments.samples(of: benchmark)
    guard let scorers else { return }
    Signals.listen()
    let scores = try scorers.scores(
      of: samples, stillVideos: scoring.stillVideos, note: note, progress: arguments.scoring)
    try arguments.report(
      BenchmarkScores(
        fingerprint: scores.fingerprint, generation: samples.record,
        scores: scores.scores(acceptingMissing: scoring.acceptMissing)),
      of: samples)
  }
}

/// What scores VBench's dimensions.
struct VBenchArguments: ParsableArguments {
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

  /// Opens everything that these dimensions need.
  func open(_ prompts: VBenchPrompts, _ dimensions: [VBenchDimension]) throws -> VBenchScorers {
    try scorerDevice.requirePresence("--scorer-device")
    return try VBenchScorers(
      prompts, dimensions,
      models: VBenchModels(dino: dino, clipB32: clipB32, clipL14: clipL14, aesthetic: aestheticHead),
      on: scorerDevice, results: results, isOfficial: official)
  }
}

extension VBenchDimension: ExpressibleByArgument {}
