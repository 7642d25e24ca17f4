import Files
import Foundation

/// A run on one page.
public struct RunReport {
  private let record: RunRecord
  private let gnuplot: Gnuplot
  /// The maximum number of sample grids.
  private static let imageLimit = 8

  /// A report of a run's files.
  public init(_ record: RunRecord, gnuplot: Gnuplot) {
    self.record = record
    self.gnuplot = gnuplot
  }

  /// The whole page.
  public func html() throws -> HTML {
    let recipe = record.recipe
    return ReportPage(
      recipe["name"] ?? record.folder.path, head: [facts] + Self.notes(record),
      [
        .init("Scores", try scores()), .init("Curves", try curves(ofFixedBatch: false)),
        .init("Samples", images()), .init("Forbidden Zone", try ZonePage(record, gnuplot: gnuplot).content()),
        .init("Fixed batch", try curves(ofFixedBatch: true)), .init("Field", field()), .init("Recipe", [recipe.html]),
      ]
    ).html
  }

  private var facts: HTML {
    let recipe = record.recipe
    let (last, total) = (record.lastStep, record.totalSteps)
    var facts = [("steps", record.isFinished ? "\(last)" : "\(last) of \(total), unfinished")]
    for (name, key) in [
      ("objective", "objective.kind"), ("backbone", "backbone.kind"), ("reward", "reward.kind"), ("seed", "seed"),
      ("student's steps", "student.steps"), ("guidance ω", "matching.guidance"), ("batch", "training.batch"),
    ] {
      if let value = recipe[key] { facts.append((name, value)) }
    }
    facts.append(("folder", record.folder.path))
    return ReportPage.facts(facts.map { (name: $0.0, value: $0.1) })
  }

  /// Notes at the top of the page: warnings of the run, and files that could not be read.
  static func notes(_ record: RunRecord, limit: Int = 12) -> [HTML] {
    let problems = record.problems.map { text -> HTML in
      "<div class=\"note bad\">This file could not be read, and what it holds is left out. \(text)</div>"
    }
    var warnings = record.warnings.prefix(limit).map { text -> HTML in
      "<div class=\"note\"><strong>Warning.</strong> \(text)</div>"
    }
    if record.warnings.count > limit {
      warnings.append("<p class=\"pale\">and \(record.warnings.count - limit) more, in warnings.json</p>")
    }
    return problems + warnings
  }

  private func scores() throws -> [HTML] {
    guard let evaluated = record.evaluated else { return [] }
    func part(_ name: String) -> String { evaluated.fingerprint[name] ?? "?" }
    return [
      try Table(evaluated.scores).html,
      "<p class=\"pale\">From \(part("samples")) samples each, noise of seed \(part("seed")), metric version \(part("metrics")).</p>",
    ] + evaluated.warnings.map { warning -> HTML in "<p class=\"pale\">\(warning)</p>" }
  }

  // MARK: Curves

  /// One plot for each tag; losses and norms on a logarithmic axis if they need one.
  ///
  /// - Parameter ofFixedBatch: whether to plot the monitor's curves or all others.
  private func curves(ofFixedBatch: Bool) throws -> [HTML] {
    let order = ["reward", "student/loss", "fake-teacher/loss", "student/gradient-norm", "fake-teacher/gradient-norm"]
    let all = record.scalars.keys.filter { $0.hasPrefix("monitor/") == ofFixedBatch }
    let tags = order.filter(all.contains) + all.filter { !order.contains($0) }.sorted()
    return try ReportPage.grid(
      tags.compactMap { tag in
        let points = record.scalars[tag] ?? []
        let curve = Curve(x: points.map { Double($0.step) }, y: points.map(\.value))
        let plot = Plot(
          Self.title(tag), x: .init("step"), y: .init(isLogarithmic: !tag.contains("reward")), curve.series())
        return try ReportPage.plot(plot, with: gnuplot)
      })
  }

  /// `fake-teacher/gradient-norm` in words.
  static func title(_ tag: String) -> String {
    guard tag != "reward" else { return "mean reward" }
    return tag.replacing("student/", with: "student: ").replacing("fake-teacher/", with: "fake teacher: ")
      .replacing("monitor/", with: "").replacing("-", with: " ")
  }

  // MARK: Samples

  private func images() -> [HTML] {
    let chosen = Self.evenly(record.images, Self.imageLimit)
    var boxes = chosen.compactMap { Self.image($0.path, "the student at step \($0.step)") }
    let both = record.folder.samples + "/teacher-and-student.png"
    if let last = Self.image(
      both, "at the end: the teacher in the student's sampler, and the student, from the same noise")
    {
      boxes.append(last)
    }
    return ReportPage.grid(boxes)
  }

  /// The figures of `fewstep field`.
  private func field() -> [HTML] {
    let folder = record.folder.path + "/field"
    let images = RunRecord.images(in: folder)
    let caption = "where points are pulled, over the density of the teacher's samples and under the student's"
    let animation = Self.image(folder + "/animation.gif", caption, type: "gif")
    return (animation ?? images.last.flatMap { Self.image($0.path, caption) }).map { [$0] } ?? []
  }

  /// The file embedded in the page; nil if there is none.
  static func image(_ path: String, _ caption: String, type: String = "png") -> HTML? {
    guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { return nil }
    let source = HTML(markup: "data:image/\(type);base64," + data.base64EncodedString())
    return ReportPage.figure("<img alt=\"\(caption)\" src=\"\(source)\">", caption)
  }

  /// The first, the last, and some in between, evenly spaced.
  static func evenly<Element>(_ all: [Element], _ limit: Int) -> [Element] {
    guard all.count > limit else { return all }
    return (0..<limit).map { all[($0 * (all.count - 1) + (limit - 1) / 2) / (limit - 1)] }
  }
}
