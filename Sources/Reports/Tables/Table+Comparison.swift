import Evaluation
import Metrics

extension Comparison {
  /// A table for each metric, with its title.
  public var tables: [(title: String, table: Table)] {
    get throws {
      try Metric.allCases.compactMap { metric in
        let own = summaries.filter { $0.metric == metric }
        guard !own.isEmpty else { return nil }
        let table = try Table(columns: ["variant"] + columns, rows: own.map { [.text($0.variant)] + $0.cells })
        return ("\(metric.rawValue) (\(metric.isBetterLower ? "lower" : "higher") is better)", table)
      }
    }
  }

  /// All metrics in one table.
  public var table: Table {
    get throws {
      try Table(
        columns: ["metric", "variant"] + columns,
        rows: summaries.map { [.text($0.metric.rawValue), .text($0.variant)] + $0.cells })
    }
  }

  private var columns: [String] { ["seeds", "mean", "± in a run", "std", "minus \(baseline)", "95% from", "to"] }
}

extension Comparison.Summary {
  fileprivate var cells: [TableCell] {
    [
      .integer(seeds.count), .number(mean), margin.map(TableCell.number) ?? .missing,
      std.map(TableCell.number) ?? .missing,
      difference.map(TableCell.number) ?? .missing, interval.map { .number($0[0]) } ?? .missing,
      interval.map { .number($0[1]) } ?? .missing,
    ]
  }
}
