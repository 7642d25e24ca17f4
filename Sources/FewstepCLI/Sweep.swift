import ArgumentParser
import Evaluation
import Fewstep
import Foundation
import Processes
import Reports

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run a recipe's variants, several at a time, and put them side by side.",
    discussion: """
      Example:  fewstep sweep recipes/ablations/mixture/sensitivity.yaml --parallel 2

      The recipe's `sweep` section says what varies, in any key of the recipe:
        sweep:
          seeds: [0, 1, 2]
          grid: {student.learning-rate: [1e-4, 1e-3], matching.guidance: [1, 1.5]}    every combination
          list: [{name: plain, objective: {kind: dmd}}, {name: ours}]             one after the other
          random: {draws: 8, values: {fake-teacher.learning-rate: {log: [1e-5, 1e-3]}}}

      Runs of one seed share their noise and their data. The same command again skips what is done and resumes what was cut
      off. A run that fails is reported, and the others go on. Ctrl-C saves what is running and exits with 75.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The sweep's folder; by default runs/NAME. Each run lies in it as VARIANT/seed-N.") var into: String?
  @Option(help: "How many runs at a time; they share the cores.") var parallel = 1
  @Option(help: "The variant that others are compared with; by default the first.") var baseline: String?
  @Flag(help: "Only list the runs, and what is done of them.") var list = false
  @Flag(help: "Print the comparison as JSON.") var json = false

  func validate() throws {
    try require("--parallel", parallel, in: 1...1024)
    if into == "" { throw ValidationError("--into: expected a folder, got nothing") }
  }

  func run() throws {
    let node = try Recipe.node(arguments.recipe, overrides: arguments.overrides)
    let sweep = try Sweep(node, catalog: FewstepCommand.catalog)
    if let baseline, !sweep.trials.contains(where: { $0.variant == baseline }) {
      throw CommandError(
        ExitCodes.usage,
        "--baseline \(baseline): there is no such variant; there are: \(variants(sweep).joined(separator: ", "))")
    }
    let folder = SweepFolder(into ?? "runs/\(sweep.name)")
    let states = try sweep.trials.map { try folder.state(of: $0) }
    if list { return try show(sweep, states) }
    try folder.record(sweep)
    Signals.listen()
    let jobs = SweepRunner(folder, parallel: parallel)
    try jobs.run(sweep.trials, states)
    guard !Signals.isRequested else {
      throw CommandError(
        ExitCodes.interrupted,
        "stopped; \(jobs.finished) of \(sweep.trials.count) runs are done, the others are saved. "
          + "The same command goes on")
    }
    let done = sweep.trials.filter { (try? folder.state(of: $0)) == .done && $0.recipe.evaluation != nil }
    if !done.isEmpty {
      let comparison = try Comparison(done.map { try folder.entry($0) }, baseline: baseline)
      print(try Compare.text(comparison, json ? .json : .text))
    }
    note("sweep folder: \(folder.path)")
    guard jobs.failures.isEmpty else {
      throw CommandError(
        ExitCodes.software,
        "\(jobs.failures.count) of \(sweep.trials.count) runs failed:\n  "
          + jobs.failures.joined(separator: "\n  ") + "\nThe same command tries again those that may be")
    }
  }

  private func variants(_ sweep: Sweep) -> [String] {
    sweep.trials.reduce(into: []) { if !$0.contains($1.variant) { $0.append($1.variant) } }
  }

  private func show(_ sweep: Sweep, _ states: [SweepFolder.State]) throws {
    let rows = zip(sweep.trials, states).map { (trial: $0, state: $1) }
    if json {
      struct Row: Encodable {
        let variant: String
        let seed: Int
        let state: String
      }
      let records = rows.map { Row(variant: $0.trial.variant, seed: $0.trial.recipe.seed, state: $0.state.words) }
      return print(String(decoding: try JSONEncoder.pretty.encode(records), as: UTF8.self))
    }
    print(
      try Table(
        columns: ["variant", "seed", "state"],
        rows: rows.map { [.text($0.trial.variant), .integer($0.trial.recipe.seed), .text($0.state.words)] }
      ).text)
  }
}
