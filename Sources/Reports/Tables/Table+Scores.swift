import Evaluation
import Metrics

extension Table {
  /// A table of scores for people: each number with half the width of its interval.
  public init(_ scores: [Score]) throws {
    let metrics = Metric.allCases.filter { metric in scores.contains { metric.value($0) != nil } }
    try self.init(
      columns: ["model", "steps"] + metrics.map(\.rawValue),
      rows: scores.map { score in
        [.text(score.model), score.steps.map(TableCell.integer) ?? .missing]
          + metrics.map { metric in
            guard let value = metric.value(score) else { return .missing }
            guard let interval = score.interval(metric) else { return .number(value) }
            let margin = (interval.upperBound - interval.lowerBound) / 2
            // If all samples are alike, the interval consists of rounding errors.
            return margin > 1e-9 * value.magnitude ? .estimate(value, margin: margin) : .number(value)
          }
      })
  }
}

extension EvaluationResult {
  /// The table, followed by its warnings.
  public var text: String {
    get throws { ([try Table(scores).text] + warnings).joined(separator: "\n") }
  }

  /// Equal warnings of several models appear once.
  public var warnings: [String] {
    Warnings.lines(scores.flatMap { score in (score.warnings ?? []).map { (score.model, $0) } }).map {
      "warning: \($0)"
    }
  }
}
