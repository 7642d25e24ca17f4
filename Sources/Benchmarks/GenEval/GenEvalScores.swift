import Metrics
import Tensors

/// GenEval's numbers, as `summary_scores.py` computes them: the share of correct images in each task, and their mean.
public enum GenEvalScores {
  /// The version of the scoring; raised when a change of the code changes a number.
  public static let version = 1

  /// Intervals are by a bootstrap over images.
  ///
  /// - Parameter benchmark: the benchmark that the results should cover; a warning lists missing results.
  public static func scores(_ results: [GenEvalResult], of benchmark: GenEvalBenchmark) throws -> [BenchmarkScore] {
    guard !results.isEmpty else { throw Failure(.missing, at: "GenEval", "there are no results to score") }
    let resamples = try Resamples(of: results.count)
    let tasks = GenEvalTask.allCases.filter { task in results.contains { $0.tag == task } }
    let parts = tasks.map { task in
      Estimate.Part(
        counted: results.map { $0.tag == task && $0.correct ? 1 : 0 }, total: results.map { $0.tag == task ? 1 : 0 })
    }
    var scores = try zip(tasks, parts).map { task, part in
      BenchmarkScore(
        task.rawValue, try Estimate(meanShareOf: [part], resamples), samples: Int(part.total.reduce(0, +)))
    }
    let prompts = Dictionary(grouping: results, by: \.metadata)
    let solved = prompts.sorted { $0.key < $1.key }.map { $0.value.contains(where: \.correct) }
    var overall = try Estimate(meanShareOf: parts, resamples)
    overall.warning = warning(results, of: benchmark, tasks: tasks.count)
    scores += [
      BenchmarkScore("overall", overall, samples: results.count),
      BenchmarkScore(
        "correct images", try Estimate(shareOf: results.map(\.correct), resamples), samples: results.count),
      BenchmarkScore(
        "prompts with a correct image", try Estimate(shareOf: solved, Resamples(of: solved.count)),
        samples: solved.count),
    ]
    return scores
  }

  private static func warning(_ results: [GenEvalResult], of benchmark: GenEvalBenchmark, tasks: Int) -> String? {
    let expected = GenEvalBenchmark.imagesPerPrompt * benchmark.all.count
    var warnings = [String]()
    if results.count != expected { warnings.append("\(results.count) images, not the benchmark's \(expected)") }
    if tasks < GenEvalTask.allCases.count { warnings.append("the mean of \(tasks) tasks, not of six") }
    return warnings.isEmpty ? nil : warnings.joined(separator: "; ")
  }
}
