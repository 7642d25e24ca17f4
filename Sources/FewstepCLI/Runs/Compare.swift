import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Tensors

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare finished runs: means and standard deviations over seeds, paired differences with intervals.",
    discussion: """
      Example:  fewstep compare runs/ablation-sensitivity --baseline sensitivity=0 --format markdown

      Takes run folders, or folders of them, such as a sweep's. Runs whose recipes differ only in the seed are one variant.
      Runs that were measured differently (metrics, feature network, real samples, sample count, seed) are refused.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, markdown, csv, latex, json }

  @Argument(help: "Run folders, or folders of them.") var runs: [String]
  @Option(help: "The variant to compare the others with; by default the first.") var baseline: String?
  @Option(help: "Which model of the scores.") var model = "student"
  @Option(help: "text, markdown, csv, latex or json.") var format = Format.text

  func run() throws {
    let comparison = try Comparison(Comparison.Entry.all(in: runs, note: note), model: model, baseline: baseline)
    print(try Self.text(comparison, format))
  }

  static func text(_ comparison: Comparison, _ format: Format) throws -> String {
    let tables = try comparison.tables
    return switch format {
    case .text: tables.map { "\($0.title)\n\($0.table.text)" }.joined(separator: "\n\n")
    case .markdown: tables.map { "\($0.title):\n\n\($0.table.markdown)" }.joined(separator: "\n\n")
    case .csv: try comparison.table.csv
    case .latex: tables.map { "% \($0.title)\n\($0.table.latex)" }.joined(separator: "\n\n")
    case .json: try JSONEncoder.prettyText(comparison.summaries)
    }
  }
}
