import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Foundation
import Tensors

struct BenchmarkGenEval: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "geneval",
    abstract: "GenEval: 553 prompts about objects, their numbers, colours and positions (arXiv 2310.11513).",
    discussion: """
      Example:  fewstep benchmark geneval runs/sdxl-amd-4step --prompts geneval/prompts/evaluation_metadata.jsonl \\
                  --scorer geneval --detector detector
                fewstep benchmark geneval runs/sdxl-amd-4step --prompts evaluation_metadata.jsonl \\
                  --detections detections.jsonl --clip models/clip-vit-large-patch14

      A detector must find the objects in the images: that of GenEval's own scorer (--scorer), or another one, whose \
      detections are in a file (--detections, see docs/benchmarks.md). Without either, the samples are generated and not \
      scored.
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "evaluation_metadata.jsonl.") var prompts: String
  @Option(help: "Only the first N prompts of each task.") var limit: Int?
  @OptionGroup(title: "The scorer") var scoring: GenEvalArguments

  func validate() throws { try require("--limit", limit, in: 1...1_000_000) }

  func run() throws {
    let benchmark = try GenEvalBenchmark(prompts, limit: limit)
    // Opened before hours of sampling: its files may be missing or wrong.
    let source = try arguments.onlySamples ? nil : scoring.open(for: benchmark)
    let samples = try arguments.samples(of: benchmark)
    guard !arguments.onlySamples else { return }
    guard let source else { return note("there are no scores.\n\(GenEvalSource.advice)") }
    try benchmark.check(
      below: samples.root,
      progress: arguments.scoring(GenEvalBenchmark.imagesPerPrompt * benchmark.items.count, "reading images"))
    let results = try benchmark.matching(source.results(samples, progress: arguments.scoring))
    let fingerprint = Fingerprint(
      benchmark: benchmark.name, version: GenEvalScores.version, prompts: benchmark.prompts, samples: results.count,
      scorers: source.scorers)
    try arguments.report(
      BenchmarkScores(
        fingerprint: fingerprint, generation: samples.record, scores: try GenEvalScores.scores(results, of: benchmark)),
      of: samples)
  }
}

/// The options for the source of the objects in GenEval's images.
struct GenEvalArguments: ParsableArguments {
  @Option(help: "A checkout of GenEval's repository; its scorer is run, which needs a CUDA GPU.") var scorer: String?
  @Option(help: "For --scorer: the folder of the detector, made by its download_models.sh.") var detector: String?
  @Option(help: "For --scorer: the Python that has its packages.") var python = "python"
  @Option(help: "Results that its scorer wrote earlier: results.jsonl.") var results: String?
  @Option(help: "A detector's output for each image, as JSON lines.") var detections: String?
  @Option(help: "For --detections without colours: a CLIP model's folder; the reference's is OpenAI's ViT-L/14.")
  var clip: String?
  @Option(help: "The CLIP model's tokenizer, if it is in another folder.") var clipTokenizer: String?
  @Option(help: "The dtype of the CLIP model.") var clipPrecision = Precision.float32
  @Option(help: "The CLIP model's device: cpu, cuda or cuda:N.") var clipDevice = Device.cpu

  func validate() throws {
    guard [scorer, results, detections].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("--scorer, --results and --detections: give one of them")
    }
    guard (scorer == nil) == (detector == nil) else {
      throw ValidationError("--scorer and --detector: give both, or none")
    }
    guard detections != nil || clip == nil else { throw ValidationError("--clip goes with --detections") }
  }

  /// Opens the source; nil if no detector was named.
  func open(for benchmark: GenEvalBenchmark) throws -> GenEvalSource? {
    try clipDevice.requirePresence("--clip-device")
    try clipPrecision.check(on: clipDevice, at: "--clip-precision")
    if let scorer, let detector { return try .official(scorer, detector: detector, python: python, note: note) }
    if let results { return try .results(results, of: benchmark) }
    return try detections.map {
      let classifier = try clip.map {
        try GenEvalColorClassifier(
          $0, tokenizer: clipTokenizer ?? $0, precision: clipPrecision.dtype, on: clipDevice)
      }
      return try .detections($0, of: benchmark, colors: classifier)
    }
  }
}
