import Evaluation
import Foundation
import Tensors

/// Related runs on one page: their scores in one table, and their curves in the same plots.
public struct SweepReport {
  /// A run and the name of its variant.
  public struct Entry {
    /// The run's files.
    public let record: RunRecord
    /// The variant's name.
    public let variant: String

    /// A run of a variant.
    public init(_ record: RunRecord, variant: String) {
      self.record = record
      self.variant = variant
    }
  }

  private let title: String
  private let entries: [Entry]
  private let comparison: Result<Comparison, Failure>?
  private let gnuplot: Gnuplot

  /// - Parameter comparison: the comparison of finished runs; an error is shown in its place.
  public init(_ title: String, _ entries: [Entry], comparison: Result<Comparison, Failure>?, gnuplot: Gnuplot) {
    self.title = title
    self.entries = entries
    self.comparison = comparison
    self.gnuplot = gnuplot
  }

  /// The variants in the order of their first runs.
  private var variants: [String] {
    entries.reduce(into: []) { if !$0.contains($1.variant) { $0.append($1.variant) } }
  }

  /// The whole page.
  public func html() throws -> HTML {
    let finished = entries.count { $0.record.isFinished }
    let head = ReportPage.facts([
      (name: "variants", value: "\(variants.count)"), (name: "runs", value: "\(entries.count)"),
      (name: "finished", value: "\(finished)"),
    ])
    let notes = entries.flatMap { entry in
      RunReport.notes(entry.record, limit: 2).map { note -> HTML in
        "<p class=\"pale\">\(entry.record.folder.path)</p>\(note)"
      }
    }
    return ReportPage(
      title, head: [head],
      [
        .init("Comparison", try compared()), .init("Curves", ReportPage.grid(try curves())),
        .init("Samples", samples()), .init("Warnings", notes), .init("Runs", [try runs()]),
        .init("What differs", differences()),
      ]
    ).html
  }

  private func compared() throws -> [HTML] {
    switch comparison {
    case .success(let comparison)?:
      try comparison.tables.flatMap { ["<h3>\($0.title)</h3>", $0.table.html] } + [
        "<p class=\"pale\">Means over seeds; differences are paired by seed, with 95% bootstrap intervals.</p>"
      ]
    case .failure(let error)?: ["<div class=\"note bad\">The runs are not compared. \(error.description)</div>"]
    case nil: []
    }
  }

  /// One plot for each tag with one line for each variant: the mean over its seeds.
  private func curves() throws -> [HTML] {
    let monitored = ["monitor/reward-mean", "monitor/diversity", "monitor/std"]
    let trained = ["student/loss", "fake-teacher/loss", "student/gradient-norm", "fake-teacher/gradient-norm"]
    var plots = (monitored + trained).map { tag in
      let title = monitored.contains(tag) ? "fixed batch: \(RunReport.title(tag))" : RunReport.title(tag)
      return plot(title, isLogarithmic: trained.contains(tag)) { record in
        let points = record.scalars[tag] ?? []
        return (points.map { Double($0.step) }, points.map(\.value))
      }
    }
    plots.append(
      plot("Share of samples in the zone") { ($0.diagnostics["step"] ?? [], $0.diagnostics["zone"] ?? []) })
    let boxes = try plots.compactMap { try ReportPage.plot($0, with: gnuplot) }
    return boxes.isEmpty ? [] : [legend] + boxes
  }

  private func plot(
    _ title: String, isLogarithmic: Bool = false, _ values: (RunRecord) -> (x: [Double], y: [Double])
  ) -> Plot {
    let series = variants.enumerated().flatMap { index, variant in
      let all = entries.filter { $0.variant == variant }.map { values($0.record) }
      return Curve(x: all.flatMap(\.x), y: all.flatMap(\.y), limit: 100).series(ink: .series(index), band: false).map {
        var line = $0
        line.isDashed = index / 8 % 2 == 1
        return line
      }
    }
    return Plot(title, x: .init("step"), y: .init(isLogarithmic: isLogarithmic), series)
  }

  /// The legend outside the plots: names of variants are often longer than a plot is wide.
  private var legend: HTML {
    let items = variants.enumerated().map { index, variant -> HTML in
      let ink = HTML(markup: "var(\(Ink.series(index).variable))")
      let style = HTML(markup: index / 8 % 2 == 1 ? "dashed" : "solid")
      return "<li><span style=\"border-top:3px \(style) \(ink)\"></span>\(variant)</li>"
    }
    return "<ul class=\"legend\">\(items)</ul>"
  }

  /// The last sample grid of each variant's first run.
  private func samples() -> [HTML] {
    ReportPage.grid(
      variants.compactMap { variant in
        guard let record = entries.first(where: { $0.variant == variant })?.record, let last = record.images.last
        else {
          return nil
        }
        return RunReport.image(last.path, "\(variant), seed \(record.recipe["seed"] ?? "?"), step \(last.step)")
      })
  }

  private func runs() throws -> HTML {
    try Table(
      columns: ["variant", "seed", "steps", "state", "folder"],
      rows: entries.map {
        [
          .text($0.variant), .text($0.record.recipe["seed"] ?? "?"), .integer($0.record.lastStep),
          .text($0.record.isFinished ? "finished" : "unfinished"), .text($0.record.folder.path),
        ]
      }
    ).html
  }

  /// The values that differ between the recipes.
  private func differences() -> [HTML] {
    let keys = entries.flatMap { $0.record.recipe.lines.map(\.key) }
    var seen = Set<String>()
    let telling = keys.filter { key in
      seen.insert(key).inserted && key != "seed" && Set(entries.map { $0.record.recipe[key] ?? "" }).count > 1
    }
    guard !telling.isEmpty else { return [] }
    let firsts = variants.compactMap { variant in entries.first { $0.variant == variant } }
    let head = telling.map { key -> HTML in "<th class=\"code\">\(key)</th>" }
    let rows = firsts.map { entry -> HTML in
      let cells = telling.map { key -> HTML in "<td class=\"code\">\(entry.record.recipe[key] ?? "-")</td>" }
      return "<tr><td>\(entry.variant)</td>\(cells)</tr>"
    }
    return [
      "<div class=\"scroll\"><table><thead><tr><th>variant</th>\(head)</tr></thead><tbody>\(rows)</tbody></table></div>"
    ]
  }
}

extension SweepReport.Entry {
  /// The entry for the comparison; nil before the run's evaluation.
  public var compared: Comparison.Entry? {
    record.evaluated.map {
      Comparison.Entry(
        path: record.folder.path, variant: variant, seed: record.recipe["seed"].flatMap(Int.init) ?? 0, evaluated: $0)
    }
  }
}
