import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Processes
import Reports
import Tensors

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run the variants of a recipe, several at a time, and compare them.",
    discussion: """
      Example:  fewstep sweep recipes/ablations/mixture/sensitivity.yaml --parallel 2

      The recipe's `sweep` section lists what varies, in any key of the recipe:
        sweep:
          seeds: [0, 1, 2]
          grid: {student.learning-rate: [1e-4, 1e-3], matching.guidance: [1, 1.5]}    every combination
          list: [{name: plain, objective: {kind: dmd}}, {name: ours}]             one after the other
          random: {draws: 8, values: {fake-teacher.learning-rate: {log: [1e-5, 1e-3]}}}

      Runs with the same seed share their noise and their data. Running the command again skips finished runs and resumes
      interrupted ones. A run that fails is reported, and the others continue. Ctrl-C saves the running ones and exits with
      75.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The sweep's folder; by default runs/NAME. Each run is in VARIANT/seed-N.") var into: String?
  @Option(help: "How many runs at a time; they share the cores.") var parallel = 1
  @Option(help: "The variant to compare the others with; by default the first.") var baseline: String?
  @Flag(help: "Only list the runs and how far each is.") var list = false
  @Flag(help: "Print the comparison as JSON.") var json = false

  func validate() throws {
    try require("--parallel", parallel, in: 1...1024)
    if into == "" { throw ValidationError("--into: expected a folder, got nothing") }
  }

  func run() throws {
    let node = try Recipe.node(arguments.recipe, overrides: arguments.overrides)
    let sweep = try Sweep(node, catalog: ProgramPlugins.catalog)
    if let baseline, !sweep.trials.contains(where: { $0.variant == baseline }) {
      throw Failure(
        .usage, at: "--baseline \(baseline)",
        "there is no such variant; there are: \(variants(sweep).joined(separator: ", "))")
    }
    let folder = SweepFolder(into ?? "runs/\(sweep.name)")
    let trials = try sweep.trials.map { (trial: $0, state: try folder.state(of: $0)) }
    if list { return try show(trials) }
    try folder.record(sweep)
    Signals.listen()
    guard let program = Program.current else {
      throw Failure(.software, at: "/proc/self/exe", "cannot be started again")
    }
    let progress = Progress(
      total: sweep.trials.reduce(0) { $0 + $1.recipe.training.steps },
      from: sweep.trials.reduce(0) { $0 + folder.run($1).recordedSteps })
    let jobs = SweepRunner(
      folder, parallel: parallel, program: program,
      options: ProgramPlugins.files.flatMap { ["--plugin", $0.path] }, note: progress.note)
    try jobs.run(trials) { progress.update($0.steps, summary($0, of: sweep.trials.count)) }
    guard !Signals.isRequested else {
      throw Interrupted(
        "stopped; \(jobs.finished) of \(sweep.trials.count) runs are done, the others are saved. "
          + "Run the same command again to continue.")
    }
    let done = sweep.trials.filter { (try? folder.state(of: $0)) == .done && $0.recipe.evaluation != nil }
    if !done.isEmpty {
      let comparison = try Comparison(done.map { try Comparison.Entry($0, in: folder) }, baseline: baseline)
      print(try Compare.text(comparison, json ? .json : .text))
    }
    note("sweep folder: \(folder.path)")
    guard jobs.failures.isEmpty else {
      throw Failure(
        .software, at: folder.path, "\(jobs.failures.count) of \(sweep.trials.count) runs failed",
        advice: (jobs.failures + ["Run the same command again to retry them."]).joined(separator: "\n  "))
    }
  }

  private func variants(_ sweep: Sweep) -> [String] {
    sweep.trials.reduce(into: []) { if !$0.contains($1.variant) { $0.append($1.variant) } }
  }

  private func summary(_ progress: SweepRunner.Progress, of total: Int) -> String {
    let names = progress.running.prefix(2).joined(separator: ", ") + (progress.running.count > 2 ? "..." : "")
    let failed = progress.failed == 0 ? "" : ", \(progress.failed) failed"
    return "steps; \(progress.finished) of \(total) runs done\(failed); \(names)"
  }

  private func show(_ trials: [(trial: Sweep.Trial, state: SweepFolder.State)]) throws {
    struct Row: Encodable {
      let variant: String
      let seed: Int
      let state: String
    }
    let rows = trials.map { Row(variant: $0.variant, seed: $0.recipe.seed, state: "\($1)") }
    let table = try Table(
      columns: ["variant", "seed", "state"], rows: rows.map { [.text($0.variant), .integer($0.seed), .text($0.state)] })
    try printResult(rows, json: json, table.text)
  }
}
