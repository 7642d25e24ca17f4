import ArgumentParser
import Benchmarks
import Fewstep
import Files
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
    let benchmark = try HPSv2Benchmark(prompts, limit: limit)
    // Opened before hours of sampling: its files may be missing or wrong.
    let reward = arguments.onlySamples ? nil : try scorer.open(batch: arguments.batch)
    let samples = try arguments.samples(of: benchmark)
    guard let reward else { return }
    let scores = try HPSv2Scores(benchmark, root: samples.root)(
      reward, scorer: "HPS \(scorer.scorerVersion.rawValue), \(scorer.scorerPrecision.rawValue)",
      batch: arguments.batch,
      progress: arguments.scoring(benchmark.items.count, "scoring"))
    try arguments.report(
      BenchmarkScores(fingerprint: scores.fingerprint, generation: samples.record, scores: scores.scores), of: samples)
  }
}

/// HPSv2's network on the command line. It is the reward `hpsv2`.
struct HPSv2Arguments: ParsableArguments {
  enum Version: String, CaseIterable, ExpressibleByArgument {
    case v20 = "v2.0"
    case v21 = "v2.1"
  }

  @Option(help: "HPS_v2.1_compressed.pt or HPS_v2_compressed.pt.") var weights: String?
  @Option(help: "The version of the weights: v2.0 or v2.1.") var scorerVersion = Version.v21
  @Option(help: "A CLIP tokenizer's folder, such as SDXL's tokenizer/.") var tokenizer: String?
  @Option(help: "open_clip's config of the scorer, if it is not a ViT-H-14.") var scorerConfig: String?
  @Option(help: "The scorer's dtype.") var scorerPrecision = Precision.float32
  @Option(help: "The scorer's device: cpu, cuda or cuda:N.") var scorerDevice = Device.cpu

  func validateForScoring() throws {
    guard weights != nil, tokenizer != nil else {
      throw ValidationError("--weights and --tokenizer: scoring needs both; --only-samples does not")
    }
  }

  func open(batch: Int) throws -> any ImageFileReward {
    try scorerDevice.requirePresence("--scorer-device")
    try scorerPrecision.check(on: scorerDevice, at: "--scorer-precision")
    guard let weights, let tokenizer else {
      throw Failure(.usage, at: "--weights and --tokenizer", "scoring needs both")
    }
    let texts = [
      ("weights", weights), ("version", scorerVersion.rawValue), ("tokenizer", tokenizer),
      ("precision", scorerPrecision.rawValue),
    ]
    var settings = texts.map { YAMLNode.Entry($0, .string($1)) } + [YAMLNode.Entry("batch", .integer(batch))]
    if let scorerConfig { settings.append(YAMLNode.Entry("config", .string(scorerConfig))) }
    let reward = try ProgramPlugins.catalog.reward(
      "hpsv2", .mapping(settings), PluginContext(device: scorerDevice, seed: 0))
    guard let reward = reward as? any ImageFileReward else {
      throw Failure(.software, at: "hpsv2", "the reward of this name does not score files")
    }
    return reward
  }
}
