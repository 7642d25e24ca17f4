import Files
import Tensors

/// The source of answers to DPG-Bench's questions: the official scorer, its results, or another model.
public struct DPGSource {
  /// The scorers' part of the scores' fingerprint.
  public let scorers: Fingerprint
  private let read: (BenchmarkSamples) throws -> [BenchmarkScore]

  /// How to get the official scorer.
  public static let advice = """
    DPG-Bench's own scorer: git clone https://github.com/TencentQQGYLab/ELLA, and install accelerate and modelscope.
      Then: --scorer ELLA. With another model's answers: --answers FILE --questions ELLA/dpg_bench/dpg_bench.csv.
    """

  /// The scores of the samples. If the source is the official scorer, this runs it.
  public func scores(_ samples: BenchmarkSamples) throws -> [BenchmarkScore] { try read(samples) }

  /// Answers of another model: JSON lines, or the official scorer's ..._detail.txt.
  ///
  /// - Parameter questions: dpg_bench.csv.
  public static func answers(_ path: String, questions: String, of benchmark: DPGBenchmark) throws -> DPGSource {
    let asked = try DPGQuestions(questions)
    let scores = try DPGScores(benchmark, asked)(DPGAnswers(path, to: asked))
    return DPGSource(scorers: ["answers": try fileDigest("answers", path), "questions": asked.digest]) { _ in scores
    }
  }

  /// Results that the official scorer wrote earlier: dpg-bench_..._results.txt.
  public static func results(_ path: String, of benchmark: DPGBenchmark) throws -> DPGSource {
    let scores = try DPGReport(path).scores(of: benchmark.items.count)
    return DPGSource(scorers: ["scorer": try fileDigest("results", path)]) { _ in scores }
  }

  /// The official scorer in a checkout of ELLA.
  ///
  /// - Parameters:
  ///   - questions: a file that replaces the checkout's dpg_bench.csv.
  ///   - processes: the number of GPUs.
  ///   - note: called with the command line.
  public static func official(
    _ folder: String, questions: String?, python: String, processes: Int, of benchmark: DPGBenchmark,
    note: @escaping (String) -> Void
  ) throws -> DPGSource {
    let scorer = try OfficialScorer(
      folder, script: "dpg_bench/compute_dpg_bench.py", python: python, advice: advice)
    // Without other questions, it uses those of its checkout.
    let digest =
      try questions.map { try DPGQuestions($0).digest } ?? SHA256.hash(of: "\(folder)/dpg_bench/dpg_bench.csv")
    return DPGSource(scorers: ["scorer": try scorer.digest(), "questions": digest]) { samples in
      let results = OfficialScorer.absolute("\(try samples.folder(for: scorer.script).path)/results.txt")
      var arguments = ["-m", "accelerate.commands.launch", "--num_machines", "1", "--num_processes", "\(processes)"]
      if processes > 1 { arguments.append("--multi_gpu") }
      arguments += [
        "--mixed_precision", "fp16", scorer.script, "--image-root-path", OfficialScorer.absolute(samples.root),
        "--resolution", "\(try benchmark.tileSide(below: samples.root))", "--pic-num", "\(DPGBenchmark.tiles)",
        "--vqa-model", "mplug", "--res-path", results,
      ]
      if let questions { arguments += ["--csv", OfficialScorer.absolute(questions)] }
      // Its processes iterate over a set of categories, and must all do so in the same order.
      try scorer.run(arguments, writing: results, environment: ["PYTHONHASHSEED": "0"], note: note)
      return try DPGReport(results).scores(of: benchmark.items.count)
    }
  }
}
