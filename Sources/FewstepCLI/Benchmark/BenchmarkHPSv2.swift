import ArgumentParser
import Benchmarks
import CLIPRewards
import Fewstep
import Tensors

struct BenchmarkHPSv2: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hpsv2",
    abstract: "HPSv2's benchmark: 3,200 prompts of four styles, scored by HPSv2 (arXiv 2306.09341).",
    discussion: """
      Example:  fewstep benchmark hpsv2 runs/amd --prompts HPDv2/benchmark --weights HPS.pt --tokenizer clip/
                fewstep benchmark hpsv2 images/ --prompts HPDv2/benchmark --weights HPS.pt --tokenizer clip/
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "The folder with anime.json, concept-art.json, paintings.json and photo.json.") var prompts: String
  @Option(help: "Only the first N prompts of each style.") var limit: Int?
  @OptionGroup(title: "The scorer") var scorer: HPSv2Arguments

  func validate() throws {
    try require("--limit", limit, in: 1...1_000_000)
    if !arguments.onlySamples { try scorer.validateForScoring() }
  }

  func run() throws {
    let suite = try HPSv2Benchmark(prompts, limit: limit)
    // Opened before hours of sampling: its files may be missing or wrong.
    let reward = arguments.onlySamples ? nil : try scorer.open(batch: arguments.batch)
    let samples = try arguments.samples(of: suite)
    guard let reward else { return }
    let scores = try HPSv2Scores(suite, root: samples.root)(
      reward, scorer: "HPS \(scorer.scorerVersion.rawValue), \(scorer.scorerPrecision.rawValue)",
      batch: arguments.batch,
      progress: arguments.scoring(suite.items.count, "scoring"))
    try arguments.report(
      BenchmarkScores(fingerprint: scores.fingerprint, generation: samples.record, scores: scores.scores), of: samples)
  }
}

/// HPSv2's network on the command line.
struct HPSv2Arguments: ParsableArguments {
  @Option(help: "HPS_v2.1_compressed.pt or HPS_v2_compressed.pt.") var weights: String?
  @Option(help: "The version of the weights: v2.0 or v2.1.") var scorerVersion = HPSVersion.v21
  @Option(help: "A CLIP tokenizer's folder, such as SDXL's tokenizer/.") var tokenizer: String?
  @Option(help: "open_clip's config of the scorer, if it is not a ViT-H-14.") var scorerConfig: String?
  @Option(help: "The scorer's dtype.") var scorerPrecision = Precision.float32
  @Option(help: "The scorer's device: cpu, cuda or cuda:N.") var scorerDevice = Device.cpu

  func validateForScoring() throws {
    guard weights != nil, tokenizer != nil else {
      throw ValidationError("--weights and --tokenizer: scoring needs both; --only-samples does not")
    }
  }

  func open(batch: Int) throws -> CLIPReward {
    try scorerDevice.requirePresence("--scorer-device")
    try scorerPrecision.check(on: scorerDevice, at: "--scorer-precision")
    guard let weights, let tokenizer else {
      throw Failure(.usage, at: "--weights and --tokenizer", "scoring needs both")
    }
    return try CLIPRewards.hpsv2(
      weights, scorerVersion, config: scorerConfig, tokenizer: tokenizer, precision: scorerPrecision.dtype,
      batch: batch, PluginContext(device: scorerDevice, seed: 0))
  }
}

extension HPSVersion: ExpressibleByArgument {}
