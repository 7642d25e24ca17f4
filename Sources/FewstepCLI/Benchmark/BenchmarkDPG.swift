import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Tensors

struct BenchmarkDPG: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dpg",
    abstract: "DPG-Bench: 1,065 long prompts, and questions about their images (arXiv 2403.05135).",
    discussion: """
      Example:  fewstep benchmark dpg runs/sdxl-amd-4step --prompts ELLA/dpg_bench/prompts --scorer ELLA
                fewstep benchmark dpg runs/sdxl-amd-4step --prompts prompts --questions dpg_bench.csv \\
                  --answers answers.jsonl

      A model must answer the questions: that of DPG-Bench's own scorer (--scorer), or another one, whose answers are in a \
      file (--answers, see docs/benchmarks.md). Without either, the samples are generated and not scored.
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "The folder with the prompts, NAME.txt each.") var prompts: String
  @Option(help: "Only the first N prompts.") var limit: Int?
  @OptionGroup(title: "The scorer") var scoring: DPGArguments

  func validate() throws { try require("--limit", limit, in: 1...1_000_000) }

  func run() throws {
    let benchmark = try DPGBenchmark(prompts, limit: limit)
    // Opened before hours of sampling: its files may be missing or wrong.
    let source = try arguments.onlySamples ? nil : scoring.open(for: benchmark)
    let samples = try arguments.samples(of: benchmark)
    guard !arguments.onlySamples else { return }
    guard let source else { return note("there are no scores.\n\(DPGSource.advice)") }
    try benchmark.check(below: samples.root, progress: arguments.scoring(benchmark.items.count, "reading images"))
    let scores = try source.scores(samples)
    let count = scores.last?.samples ?? 0
    let fingerprint = Fingerprint(
      benchmark: benchmark.name, version: DPGScores.version, prompts: benchmark.prompts,
      samples: DPGBenchmark.tiles * count,
      scorers: source.scorers)
    try arguments.report(
      BenchmarkScores(fingerprint: fingerprint, generation: samples.record, scores: scores), of: samples)
  }
}

/// The options for the source of answers to DPG-Bench's questions.
struct DPGArguments: ParsableArguments {
  @Option(help: "A checkout of ELLA's repository; its dpg_bench/compute_dpg_bench.py is run.") var scorer: String?
  @Option(help: "For --scorer: the Python that has its packages.") var python = "python"
  @Option(help: "For --scorer: how many GPUs.") var processes = 1
  @Option(help: "Results that its scorer wrote earlier: dpg-bench_..._results.txt.") var results: String?
  @Option(help: "Answers to the questions: JSON lines, or the official scorer's ..._detail.txt.") var answers: String?
  @Option(help: "For --answers: dpg_bench.csv. For --scorer: one that replaces the checkout's.")
  var questions: String?

  func validate() throws {
    try require("--processes", processes, in: 1...1024)
    guard [scorer, results, answers].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("--scorer, --results and --answers: give one of them")
    }
    guard answers == nil || questions != nil else { throw ValidationError("--questions: --answers need them") }
    guard questions == nil || answers != nil || scorer != nil else {
      throw ValidationError("--questions goes with --answers or --scorer")
    }
  }

  /// Opens the source; nil if none was named.
  func open(for benchmark: DPGBenchmark) throws -> DPGSource? {
    if let answers, let questions { return try .answers(answers, questions: questions, of: benchmark) }
    if let results { return try .results(results, of: benchmark) }
    return try scorer.map {
      try .official($0, questions: questions, python: python, processes: processes, of: benchmark, note: note)
    }
  }
}
