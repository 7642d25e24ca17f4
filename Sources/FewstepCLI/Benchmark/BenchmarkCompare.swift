import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct BenchmarkCompare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare the scores of several models.",
    discussion: """
      Scores that depend on different prompts, scorers or numbers of samples are refused.

      Example:  fewstep benchmark compare runs/amd/benchmarks/hpsv2 runs/dmd2/benchmarks/hpsv2
      """)

  @Argument(help: "Two or more folders with the scores.json of one benchmark.") var folders: [String]
  @Flag(help: "Print Markdown.") var markdown = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if folders.count < 2 { throw ValidationError("give two or more folders") }
    if markdown, json { throw ValidationError("--markdown and --json: choose one") }
  }

  func run() throws {
    let all = try folders.map { try BenchmarkScores.read(BenchmarkFolder($0).scores) }
    for (folder, scores) in zip(folders, all).dropFirst() {
      let differences = scores.fingerprint.differences(from: all[0].fingerprint)
      guard differences.isEmpty else {
        throw Failure(
          .malformed, at: "\(folder) cannot be compared with \(folders[0])",
          "\(differences.joined(separator: "; "))\n"
            + "  Score both in the same way: given a results folder, the command computes its scores again.")
      }
    }
    let table = try Table(
      columns: ["score"] + folders,
      rows: all[0].scores.map(\.name).map { name in
        [.text(name)] + all.map { $0.scores.first { $0.name == name }.map(\.cell) ?? .missing }
      })
    if json { return print(try JSONEncoder.prettyText(table.records)) }
    print(markdown ? table.markdown : table.text)
  }
}

extension BenchmarkScore {
  /// The value with half the width of its interval.
  fileprivate var cell: TableCell {
    interval.map { .estimate(value, margin: ($0.upperBound - $0.lowerBound) / 2) } ?? .number(value)
  }
}
