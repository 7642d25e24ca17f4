import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Tensors

struct BenchmarkDPG: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dpg",
    abstract: "DPG-Bench: 1,065 long prompts, and questions about their pictures (arXiv 2403.05135).",
    discussion: """
      Example:  fewstep benchmark dpg runs/sdxl-amd-4step --prompts ELLA/dpg_bench/prompts --scorer ELLA
                fewstep benchmark dpg runs/sdxl-amd-4step --prompts prompts --questions dpg_bench.csv \\
                  --answers answers.jsonl

      A model must answer the questions: DPG-Bench's own scorer brings one along (--scorer), or another program writes its \
      answers into a file (--answers, see docs/benchmarks.md). Without either, the samples are made and not scored.
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "The folder with the prompts, NAME.txt each.") var prompts: String
  @Option(help: "Only so many prompts.") var limit: Int?
  @OptionGroup(title: "The scorer") var scoring: DPGArguments

  func validate() throws { try require("--limit", limit, in: 1...1_000_000) }

  func run() throws {
    let suite = try DPGBenchmark(prompts, limit: limit)
    // Before hours of sampling: what is to answer may be missing, or something else.
    let source = try arguments.onlySamples ? nil : scoring.open(for: suite)
    let samples = try arguments.samples(of: suite)
    guard !arguments.onlySamples else { return }
    guard let source else { return note("there are no scores.\n\(DPGArguments.advice)") }
    try suite.check(below: samples.root, progress: arguments.scoring(suite.items.count, "reading pictures"))
    let scores = try source.scores(samples)
    let count = scores.last?.samples ?? 0
    let lock = BenchmarkLock(
      suite: suite.name, version: DPGScores.version, prompts: suite.prompts, samples: DPGBenchmark.tiles * count,
      scorers: source.scorers)
    try arguments.report(BenchmarkScores(lock: lock, generation: samples.record, scores: scores), of: samples)
  }
}

/// Who answers DPG-Bench's questions.
struct DPGArguments: ParsableArguments {
  @Option(help: "A checkout of ELLA's repository; its dpg_bench/compute_dpg_bench.py is run.") var scorer: String?
  @Option(help: "For --scorer: the Python that has its packages.") var python = "python"
  @Option(help: "For --scorer: how many GPUs.") var processes = 1
  @Option(help: "Results of its scorer from earlier: dpg-bench_..._results.txt.") var results: String?
  @Option(help: "Answers to the questions: JSON lines, or the scorer's ..._detail.txt.") var answers: String?
  @Option(help: "For --answers: dpg_bench.csv. For --scorer: where it is another than the checkout's.")
  var questions: String?

  static let advice = """
      DPG-Bench's own scorer: git clone https://github.com/TencentQQGYLab/ELLA, and install accelerate and modelscope.
      Then: --scorer ELLA. With another model's answers: --answers FILE --questions ELLA/dpg_bench/dpg_bench.csv.
    """

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

  /// What answers them, opened.
  struct Source {
    /// The lock's.
    let scorers: [String: String]
    let scores: (BenchmarkArguments.Samples) throws -> [BenchmarkScore]
  }

  /// Nil where nothing answers them.
  func open(for suite: DPGBenchmark) throws -> Source? {
    let asked = try questions.map { try DPGQuestions($0) }
    if let answers, let asked {
      let scores = try DPGScores(suite, asked)(DPGAnswers(answers, to: asked))
      return Source(
        scorers: ["answers": try fileIdentity("answers", answers), "questions": asked.identity]
      ) { _ in scores }
    }
    if let results {
      let scores = try DPGReport(results).scores(of: suite.items.count)
      return Source(scorers: ["scorer": try fileIdentity("results", results)]) { _ in scores }
    }
    guard let folder = scorer else { return nil }
    let scorer = try OfficialScorer(
      folder, script: "dpg_bench/compute_dpg_bench.py", python: python, advice: Self.advice)
    // Those that it asks where it is told nothing else.
    let identity = try asked?.identity ?? SHA256.hash(of: "\(folder)/dpg_bench/dpg_bench.csv")
    return Source(scorers: ["scorer": try scorer.identity(), "questions": identity]) { samples in
      try run(scorer, on: samples, suite).scores(of: suite.items.count)
    }
  }

  private func run(
    _ scorer: OfficialScorer, on samples: BenchmarkArguments.Samples, _ suite: DPGBenchmark
  ) throws -> DPGReport {
    guard let folder = samples.folder else {
      throw Failure(.usage, at: "--output", "say where the results of DPG-Bench's scorer go")
    }
    let results = OfficialScorer.whole("\(folder.path)/results.txt")
    var arguments = ["-m", "accelerate.commands.launch", "--num_machines", "1", "--num_processes", "\(processes)"]
    if processes > 1 { arguments.append("--multi_gpu") }
    arguments += [
      "--mixed_precision", "fp16", scorer.script, "--image-root-path", OfficialScorer.whole(samples.root),
      "--resolution", "\(try suite.tileSide(below: samples.root))", "--pic-num", "\(DPGBenchmark.tiles)", "--vqa-model",
      "mplug", "--res-path", results,
    ]
    if let questions { arguments += ["--csv", OfficialScorer.whole(questions)] }
    // Its processes walk through a set of categories, and must do so in one order.
    try scorer.run(arguments, writing: results, environment: ["PYTHONHASHSEED": "0"])
    return try DPGReport(results)
  }
}
