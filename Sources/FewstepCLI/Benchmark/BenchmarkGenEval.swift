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

      A detector must say which objects the pictures show: GenEval's own scorer brings one along (--scorer), or another \
      program writes what it sees into a file (--detections, see docs/benchmarks.md). Without either, the samples are made \
      and not scored.
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "evaluation_metadata.jsonl.") var prompts: String
  @Option(help: "Only so many prompts of each task.") var limit: Int?
  @OptionGroup(title: "The scorer") var scoring: GenEvalArguments

  func validate() throws { try require("--limit", limit, in: 1...1_000_000) }

  func run() throws {
    let suite = try GenEvalBenchmark(prompts, limit: limit)
    // Before hours of sampling: what is to judge them may be missing, or something else.
    let source = try arguments.onlySamples ? nil : scoring.open(for: suite, arguments)
    let samples = try arguments.samples(of: suite)
    guard !arguments.onlySamples else { return }
    guard let source else { return note("there are no scores.\n\(GenEvalArguments.advice)") }
    try suite.check(
      below: samples.root,
      progress: arguments.scoring(GenEvalBenchmark.imagesPerPrompt * suite.items.count, "reading pictures"))
    let results = try suite.matching(source.results(samples))
    let fingerprint = Fingerprint(
      benchmark: suite.name, version: GenEvalScores.version, prompts: suite.prompts, samples: results.count,
      scorers: source.scorers)
    try arguments.report(
      BenchmarkScores(
        fingerprint: fingerprint, generation: samples.record, scores: try GenEvalScores.scores(results, of: suite)),
      of: samples)
  }
}

/// Who says what GenEval's pictures show.
struct GenEvalArguments: ParsableArguments {
  @Option(help: "A checkout of GenEval's repository; its scorer is run, which needs a CUDA GPU.") var scorer: String?
  @Option(help: "For --scorer: the folder into which its download_models.sh has put the detector.") var detector:
    String?
  @Option(help: "For --scorer: the Python that has its packages.") var python = "python"
  @Option(help: "Results of its scorer from earlier: results.jsonl.") var results: String?
  @Option(help: "What a detector sees in each picture, as JSON lines.") var detections: String?
  @Option(help: "For --detections without colours: a CLIP model's folder; the reference's is OpenAI's ViT-L/14.")
  var clip: String?
  @Option(help: "The CLIP model's tokenizer, where it lies elsewhere.") var clipTokenizer: String?
  @Option(help: "What the CLIP model is computed in.") var clipPrecision = Precision.float32
  @Option(help: "Where the CLIP model is computed: cpu, cuda or cuda:N.") var clipDevice = Device.cpu

  static let advice = """
      GenEval's own scorer: git clone https://github.com/djghosh13/geneval, make its environment, and
      ./evaluation/download_models.sh DETECTOR. Then: --scorer geneval --detector DETECTOR.
      With another detector: --detections FILE.
    """

  func validate() throws {
    guard [scorer, results, detections].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("--scorer, --results and --detections: give one of them")
    }
    guard (scorer == nil) == (detector == nil) else {
      throw ValidationError("--scorer and --detector: give both, or none")
    }
    guard detections != nil || clip == nil else { throw ValidationError("--clip goes with --detections") }
  }

  /// What says it, opened.
  struct Source {
    /// Part of the scores' fingerprint.
    let scorers: Fingerprint
    let results: (BenchmarkArguments.Samples) throws -> [GenEvalResult]
  }

  /// Nil where nothing says it.
  func open(for suite: GenEvalBenchmark, _ arguments: BenchmarkArguments) throws -> Source? {
    if let absence = clipDevice.absence { throw CommandError(ExitCodes.invalid, "--clip-device: \(absence)") }
    if let scorer, let detector { return try official(scorer, detector) }
    if let results {
      let given = try suite.matching(GenEvalResult.read(results))
      return Source(scorers: ["scorer": try fileIdentity("results", results)]) { _ in given }
    }
    return try detections.map { try judge($0, of: suite, arguments) }
  }

  private func official(_ folder: String, _ detector: String) throws -> Source {
    let scorer = try OfficialScorer(
      folder, script: "evaluation/evaluate_images.py", python: python, advice: Self.advice)
    let names = try? FileManager.default.contentsOfDirectory(atPath: detector)
    let weights = (names ?? []).filter { $0.hasSuffix(".pth") }.sorted()
    guard !weights.isEmpty else {
      throw CommandError(
        ExitCodes.missing, "--detector: there are no weights (.pth) in \(detector).\n  \(Self.advice)")
    }
    let identity = try weights.map { try fileIdentity($0, "\(detector)/\($0)") }.joined(separator: ", ")
    return Source(scorers: ["scorer": try scorer.digest(), "detector": identity]) { samples in
      guard let folder = samples.folder else {
        throw CommandError(ExitCodes.usage, "--output: say where the results of GenEval's scorer go")
      }
      let results = OfficialScorer.whole("\(folder.path)/results.jsonl")
      try scorer.run(
        [
          scorer.script, OfficialScorer.whole(samples.root), "--outfile", results, "--model-path",
          OfficialScorer.whole(detector),
        ], writing: results)
      return try GenEvalResult.read(results)
    }
  }

  private func judge(_ path: String, of suite: GenEvalBenchmark, _ arguments: BenchmarkArguments) throws -> Source {
    let detections = try suite.matching(GenEvalDetections.read(path))
    let classifier = try clip.map {
      try GenEvalColorClassifier(
        $0, tokenizer: clipTokenizer ?? $0, precision: clipPrecision.dtype, on: clipDevice)
    }
    let isMasked = detections.contains { $0.objects.contains { $0.mask != nil } }
    let colors =
      try classifier?.fingerprint().merging(["crops": isMasked ? "masked" : "boxes"]).prefixed("colors")
      ?? ["colors": "given"]
    let scorers = try Fingerprint(["objects": fileIdentity("detections", path)]).merging(colors)
    return Source(scorers: scorers) { samples in
      let results = try GenEvalJudge(suite, root: samples.root, classifier)(
        detections, progress: arguments.scoring(detections.count, "judging"))
      if let folder = samples.folder { try GenEvalResult.write(results, to: "\(folder.path)/results.jsonl") }
      return results
    }
  }
}
