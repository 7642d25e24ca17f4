import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation
@testable import Files
@testable import Media
@testable import Reports

@Suite struct ReportTests {
  /// A run's folder with files that a test writes.
  private final class Folder {
    let path = NSTemporaryDirectory() + "fewstep-report-" + UUID().uuidString

    init(recipe: String) throws {
      try FileManager.default.createDirectory(atPath: path + "/samples", withIntermediateDirectories: true)
      try recipe.write(toFile: path + "/recipe.yaml", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func curves() throws {
      let log = try EventFile(folder: path)
      for step in 0..<30 {
        try log.add(scalars: [("student/loss", 1 / Double(step + 1)), ("reward", Double(step))], step: step)
      }
      try log.close()
    }

    func diagnostics(_ columns: [String: [Double]]) throws {
      try HDF5File.write(to: path + "/diagnostics.h5") { file in
        for (name, values) in columns { try file.write(Tensor(values), to: name) }
      }
    }

    func page() throws -> String { try RunReport(RunRecord(path), gnuplot: Gnuplot()).html().text }
  }

  private static let recipe = """
    name: "<script>alert(1)</script>"  # mine.yaml:1:7
    seed: 3  # --set seed=3
    objective:
      kind: amd  # mine.yaml:4:9
    student:
      steps: [1, 0.5]  # default
    training:
      steps: 100  # mine.yaml:6:10

    """

  private static let zone: [String: [Double]] = [
    "step": (0..<60).map { Double($0 / 2) }, "prompt": (0..<60).map { Double($0 % 2) },
    "t": (0..<60).map { Double($0 % 10) / 10 }, "zone": (0..<60).map { Double($0 % 2) },
    "advantage": (0..<60).map { Double($0 % 3) - 1 }, "cosine": (0..<60).map { _ in 0.5 },
  ]

  @Test func `A page holds curves, samples, the zone and the recipe, and fetches nothing`() throws {
    let folder = try Folder(recipe: Self.recipe)
    try folder.curves()
    try folder.diagnostics(Self.zone)
    let image = try PNGImage(width: 2, height: 2, color: .grey, pixels: [0, 1, 2, 3])
    for step in [10, 20] { try image.write(to: folder.path + "/samples/step-\(step).png") }
    let page = try folder.page()
    for title in ["student: loss", "mean reward", "Share of samples in the zone", "Advantage ã"] {
      #expect(page.contains(title), "\(title)")
    }
    #expect(page.components(separatedBy: "src=\"data:image/png;base64,").count == 3)
    #expect(page.contains("30 of 100, unfinished"))
    // Of the two prompts, the second is always in the zone.
    #expect(page.contains("Prompts that stay in the zone"))
    for outside in ["http:", "https:", "<script", "@import", "<link"] {
      #expect(!page.replacing("http://www.w3.org/2000/svg", with: "").contains(outside), "\(outside)")
    }
  }

  @Test func `What a recipe says stays text, and each value has its source`() throws {
    let folder = try Folder(recipe: Self.recipe)
    let page = try folder.page()
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    let lines = try RecipeListing(Self.recipe, file: "r").lines
    #expect(lines.map(\.key) == ["name", "seed", "objective.kind", "student.steps", "training.steps"])
    #expect(lines.map(\.source) == ["mine.yaml:1:7", "--set seed=3", "mine.yaml:4:9", "default", "mine.yaml:6:10"])
    #expect(lines[3].value == "[1, 0.5]")
  }

  @Test func `Plots whose columns are missing are left out`() throws {
    let folder = try Folder(recipe: Self.recipe)
    try folder.diagnostics(Self.zone.filter { ["step", "cosine"].contains($0.key) })
    let page = try folder.page()
    #expect(page.contains("Cosine of matching and alignment"))
    for absent in ["in the zone", "Advantage", "Curves", "Samples"] { #expect(!page.contains(absent), "\(absent)") }
  }

  @Test func `A damaged file is named on the page, and the rest is shown`() throws {
    let folder = try Folder(recipe: Self.recipe)
    try folder.curves()
    for name in ["diagnostics.h5", "evaluation.json", "warnings.json"] {
      try "nonsense".write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }
    let record = try RunRecord(folder.path)
    #expect(record.problems.count == 3)
    let page = try folder.page()
    for name in ["diagnostics.h5", "evaluation.json", "warnings.json"] {
      #expect(page.contains("\(folder.path)/\(name)"), "\(name)")
    }
    #expect(page.contains("student: loss"))
    #expect { _ = try RunRecord("/nonexistent") } throws: { "\($0)".contains("not a run folder") }
  }

  @Test func `A sweep's page compares its variants, and says so where that cannot be`() throws {
    let folders = try ["a", "b"].map { name in
      let folder = try Folder(recipe: Self.recipe.replacing("kind: amd", with: "kind: \(name)"))
      try folder.curves()
      return folder
    }
    let entries = try zip(folders, ["kind=<a>", "kind=b"]).map {
      SweepReport.Entry(try RunRecord($0.path), variant: $1)
    }
    func compared(_ seed: Int) throws -> String {
      let scored = zip(
        entries, [1, seed]
      )
      .map { entry, seed in
        Comparison.Entry(
          path: entry.record.folder.path, variant: entry.variant, seed: 3,
          evaluated: EvaluationResult(
            fingerprint: ["seed": "\(seed)"],
            scores: [
              Score(
                model: "student", frechetDistance: 0.25, precision: 1, recall: 1, classAccuracy: 1, effectiveClasses: 2)
            ]))
      }
      var comparison: Result<Comparison, Failure>?
      do { comparison = .success(try Comparison(scored)) } catch let error as Failure {
        comparison = .failure(error)
      }
      return try SweepReport("sweep", entries, comparison: comparison, gnuplot: Gnuplot()).html().text
    }
    let page = try compared(1)
    #expect(page.contains("minus kind=&lt;a&gt;") && page.contains("0.25"))
    #expect(page.contains("objective.kind"))
    #expect(!page.contains("student.steps</th>"))
    #expect(try compared(2).contains("was measured differently"))
  }
}
