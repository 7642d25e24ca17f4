import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write an HTML report of a run or a sweep.",
    discussion: """
      Example:  fewstep report runs/mixture-amd
                fewstep report runs/ablation-sensitivity --baseline sensitivity=0 --output sweep.html

      The page is self-contained: curves, samples through training, the Forbidden Zone, warnings, the recipe with the
      source of each value; for a sweep, the comparison and the curves of all variants. An unfinished run is reported as
      far as it is. Plots need gnuplot (package gnuplot-nox).
      """)

  @Argument(help: "A run folder, or a folder of them, such as a sweep's.") var folder: String
  @Option(help: "The file to write; by default report.html in the folder.") var output: String?
  @Option(help: "For a sweep: the variant to compare the others with; by default the first.") var baseline: String?

  func run() throws {
    let gnuplot = try Gnuplot()
    let isRun = FileManager.default.fileExists(atPath: RunFolder(folder).recipe)
    let page = isRun ? try run(gnuplot) : try sweep(gnuplot)
    let path = output ?? "\(folder)/report.html"
    try AtomicFile.write(Data(page.text.utf8), to: path)
    note("report: \(path)")
  }

  private func run(_ gnuplot: Gnuplot) throws -> HTML {
    if baseline != nil {
      throw Failure(.usage, at: "--baseline", "\(folder) is one run, there is nothing to compare")
    }
    return try RunReport(record(folder), gnuplot: gnuplot).html()
  }

  private func sweep(_ gnuplot: Gnuplot) throws -> HTML {
    let entries = try self.entries()
    guard !entries.isEmpty else {
      throw Failure(.missing, at: folder, "neither a run folder (with recipe.yaml) nor a folder of some")
    }
    let finished = entries.compactMap(\.compared)
    var comparison: Result<Comparison, Failure>?
    do {
      if !finished.isEmpty { comparison = .success(try Comparison(finished, baseline: baseline)) }
    } catch let error as Failure where baseline == nil {
      comparison = .failure(error)
    }
    let title = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    return try SweepReport(title, entries, comparison: comparison, gnuplot: gnuplot).html()
  }

  /// The runs of a sweep that have begun, or all runs in the folder.
  private func entries() throws -> [SweepReport.Entry] {
    if let members = try SweepFolder(folder).members() {
      return try members.compactMap { member in
        let path = "\(folder)/\(member.path)"
        guard FileManager.default.fileExists(atPath: RunFolder(path).recipe) else { return nil }
        return SweepReport.Entry(try record(path), variant: member.variant)
      }
    }
    let records = try RunFolder.all(in: folder) { FileManager.default.fileExists(atPath: $0.recipe) }
      .map { try record($0.path) }
    let names = Variants.names(try records.map { try YAMLNode.load(path: $0.folder.recipe) })
    return zip(records, names).map { SweepReport.Entry($0, variant: $1) }
  }

  /// A run's record. Also prints a note about damaged files in it.
  private func record(_ path: String) throws -> RunRecord {
    let record = try RunRecord(path)
    for problem in record.problems { note("warning: left out of the report: \(problem)") }
    return record
  }
}
