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

      On a cluster:  fewstep sweep SWEEP --launcher slurm --sbatch=--gpus=1 --sbatch=--time=4:00:00 --parallel 16
                     fewstep sweep SWEEP --launcher 'srun --ntasks 1 --gpus 1 {command}' --parallel 16
      The first submits one job array, a run a task, and returns; the same command without --launcher compares what is done.
      The second starts each run with this line, and waits.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The sweep's folder; by default runs/NAME. Each run is in VARIANT/seed-N.") var into: String?
  @Option(
    help: "How many runs at a time; by default 1, here they share the cores. A job array has no limit by default.")
  var parallel: Int?
  @Option(help: "The variant to compare the others with; by default the first.") var baseline: String?
  @Option(help: "What starts the runs: slurm, or a command line in which {command} stands for the run's.")
  var launcher: String?
  @Option(name: .customLong("sbatch"), help: "An option for the job array, such as --gpus=1. May be repeated.")
  var sbatchOptions: [String] = []
  @Option(help: "Run only this one of the list, counted from 0, and compare nothing.") var member: Int?
  @Flag(help: "Only list the runs and how far each is.") var list = false
  @Flag(help: "Print the comparison as JSON.") var json = false

  func validate() throws {
    if let parallel { try require("--parallel", parallel, in: 1...1024) }
    if launcher == "slurm", list || member != nil {
      throw ValidationError("--launcher slurm submits all runs: leave out --list and --member")
    }
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
    if launcher == "slurm" { return try submit(sweep, folder) }
    var trials = try sweep.trials.map { (trial: $0, state: try folder.state(of: $0)) }
    if list { return try show(trials) }
    if let member {
      guard trials.indices.contains(member) else {
        throw Failure(.usage, at: "--member \(member)", expected: "0 to \(trials.count - 1)", got: "\(member)")
      }
      trials = [trials[member]]
    } else {
      try folder.record(sweep)
    }
    Signals.listen()
    guard let program = Program.current else {
      throw Failure(.software, at: "/proc/self/exe", "cannot be started again")
    }
    let progress = Progress(
      total: trials.reduce(0) { $0 + $1.trial.recipe.training.steps },
      from: trials.reduce(0) { $0 + folder.run($1.trial).recordedSteps })
    let jobs = SweepRunner(
      folder, parallel: parallel ?? 1, program: program,
      options: ProgramPlugins.files.flatMap { ["--plugin", $0.path] }, launcher: try launcher.map(SweepLauncher.init),
      note: progress.note)
    try jobs.run(trials) { progress.update($0.steps, summary($0, of: trials.count)) }
    guard !Signals.isRequested else {
      throw Interrupted(
        "stopped; \(jobs.finished) of \(trials.count) runs are done, the others are saved. "
          + "Run the same command again to continue.")
    }
    let done = sweep.trials.filter { (try? folder.state(of: $0)) == .done && $0.recipe.evaluation != nil }
    if !done.isEmpty, member == nil {
      let comparison = try Comparison(done.map { try Comparison.Entry($0, in: folder) }, baseline: baseline)
      print(try Compare.text(comparison, json ? .json : .text))
    }
    note("sweep folder: \(folder.path)")
    guard jobs.failures.isEmpty else {
      throw Failure(
        .software, at: folder.path, "\(jobs.failures.count) of \(trials.count) runs failed",
        advice: (jobs.failures + ["Run the same command again to retry them."]).joined(separator: "\n  "))
    }
  }

  /// Writes the batch script, and hands it to Slurm.
  private func submit(_ sweep: Sweep, _ folder: SweepFolder) throws {
    guard let program = Program.current else {
      throw Failure(.software, at: "/proc/self/exe", "cannot be started again")
    }
    try folder.record(sweep)
    let options =
      ["sweep", arguments.recipe] + arguments.overrides.flatMap { ["--set", $0] } + ["--into", folder.path]
      + ProgramPlugins.files.flatMap { ["--plugin", $0.path] }
    let array = SlurmArray(
      [program.path] + options, count: sweep.trials.count, parallel: parallel, options: sbatchOptions)
    let script = "\(folder.path)/slurm.sbatch"
    try AtomicFile.write(Data(array.script(logs: folder.path).utf8), to: script)
    guard let sbatch = Program("sbatch") else {
      throw Failure(
        .missing, at: "sbatch", "Slurm is not on this machine's PATH", advice: "Submit it where it is: sbatch \(script)"
      )
    }
    let result = try sbatch.run([script])
    guard result.status == 0 else {
      throw Failure(
        .io, at: script, "Slurm refused it: \(result.errorOutput)", advice: "Change it, and call sbatch again.")
    }
    print(String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    let comparing = (options + (baseline.map { ["--baseline", $0] } ?? [])).map(\.shellQuoted).joined(separator: " ")
    note("\(sweep.trials.count) runs, logs: \(folder.path)/slurm-N.log; compare with: fewstep \(comparing)")
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
