import Foundation
import Processes
import Tensors

/// Runs the trials of a sweep, several at a time, each in its own process: if one runs out of memory or crashes, the
/// others are not affected.
public final class SweepRunner {
  /// The progress of the whole sweep.
  public struct Progress: Sendable {
    /// Training steps of all runs together.
    public var steps = 0
    public var totalSteps = 0
    public var finished = 0
    public var failed = 0
    /// The runs that are training, by their paths relative to the sweep's folder.
    public var running = [String]()
  }

  private struct Job {
    let trial: Sweep.Trial
    let process: RunningProcess
    var steps: Int
  }

  private let folder: SweepFolder
  private let parallel: Int
  private let program: Program
  private let options: [String]
  private let launcher: SweepLauncher?
  private let note: (String) -> Void
  private var jobs = [Job]()
  public private(set) var finished = 0
  /// The errors, one line for each run.
  public private(set) var failures = [String]()

  /// - Parameters:
  ///   - parallel: the number of runs at a time. They share the cores.
  ///   - program: started as `PROGRAM run RECIPE --into FOLDER`, and with `--resume` if there is a checkpoint.
  ///   - options: added to each of these command lines.
  ///   - launcher: what starts them elsewhere; nil starts them here.
  ///   - note: called with a line when something happens.
  public init(
    _ folder: SweepFolder, parallel: Int, program: Program, options: [String] = [],
    launcher: SweepLauncher? = nil, note: @escaping (String) -> Void = { _ in }
  ) {
    self.folder = folder
    self.parallel = parallel
    self.program = program
    self.options = options
    self.launcher = launcher
    self.note = note
  }

  /// Runs the trials that are not done, until all have ended or the user presses Ctrl-C, which saves the active ones.
  ///
  /// - Parameter progress: called several times a second.
  public func run(
    _ trials: [(trial: Sweep.Trial, state: SweepFolder.State)], progress: (Progress) -> Void = { _ in }
  ) throws {
    var waiting = [(trial: Sweep.Trial, state: SweepFolder.State)]()
    var ended = 0
    for (trial, state) in trials {
      switch state {
      case .new, .interrupted: waiting.append((trial, state))
      case .stopped:
        let run = folder.run(trial).path
        fail(trial, "\(state); to continue anyway: fewstep run \(run)/recipe.yaml --into \(run) --resume")
      case .done:
        finished += 1
        ended += trial.recipe.training.steps
      }
    }
    if finished > 0 { note("\(finished) of \(trials.count) runs are already done") }
    let total = trials.reduce(0) { $0 + $1.trial.recipe.training.steps }
    var isStopping = false
    var lastLook = Date.distantPast
    while !jobs.isEmpty || !waiting.isEmpty && !isStopping {
      while !isStopping, jobs.count < parallel, !waiting.isEmpty {
        let (trial, state) = waiting.removeFirst()
        do { try start(trial, state) } catch let error as Failure { fail(trial, "\(error)") }
      }
      usleep(100_000)
      let over = jobs.filter { !$0.process.isRunning }
      jobs.removeAll { job in over.contains { $0.process === job.process } }
      for job in over {
        ended += job.trial.recipe.training.steps
        end(job)
      }
      if Signals.isRequested, !isStopping {
        isStopping = true
        note("stopping; \(jobs.count) runs are being saved")
        // A launcher passes it on, or stands beside its program.
        for job in jobs { launcher == nil ? job.process.send(SIGINT) : job.process.sendToGroup(SIGINT) }
      }
      guard !isStopping else { continue }
      if -lastLook.timeIntervalSinceNow > 1 {
        for index in jobs.indices { jobs[index].steps = steps(of: jobs[index]) }
        lastLook = Date()
      }
      progress(
        Progress(
          steps: ended + jobs.reduce(0) { $0 + $1.steps }, totalSteps: total, finished: finished,
          failed: failures.count, running: jobs.map(\.trial.path)))
    }
  }

  private func start(_ trial: Sweep.Trial, _ state: SweepFolder.State) throws {
    let run = folder.run(trial)
    var arguments = ["run", folder.recipe(trial), "--into", run.path] + options
    if FileManager.default.fileExists(atPath: run.path) {
      // This check comes before the run's log is overwritten.
      try run.refuseIfBusy()
      if case .interrupted = state { arguments.append("--resume") } else { try run.discard() }
    }
    let process =
      try launcher?.start([program.path] + arguments, log: folder.log(trial))
      ?? program.start(arguments, environment: environment, log: folder.log(trial))
    jobs.append(Job(trial: trial, process: process, steps: run.recordedSteps))
  }

  /// Threads of several runs that spin while they wait would take the cores from each other.
  private var environment: [String: String] {
    let share = max(1, ProcessInfo.processInfo.activeProcessorCount / parallel)
    return ["OMP_NUM_THREADS": "\(share)", "OMP_WAIT_POLICY": "passive"]
      .filter { ProcessInfo.processInfo.environment[$0.key] == nil }
  }

  private func end(_ job: Job) {
    switch job.process.wait() {
    case .exit(code: 0): finished += 1
    // The run was saved, or it did not yet handle signals: then there is nothing to save.
    case .exit(code: Interrupted("").exitCode): break
    case .signal(SIGINT) where Signals.isRequested: break
    case .exit(let code): fail(job.trial, "exit code \(code): \(lastError(of: job.trial))")
    case .signal(let number): fail(job.trial, "killed by signal \(number): \(lastError(of: job.trial))")
    }
  }

  private func fail(_ trial: Sweep.Trial, _ reason: String) {
    failures.append("\(trial.path): \(reason)")
    note("failed: \(failures.last!)")
  }

  /// The evaluation follows the last step.
  private func steps(of job: Job) -> Int {
    max(job.steps, min(folder.run(job.trial).recordedSteps, job.trial.recipe.training.steps - 1))
  }

  /// The last error that the run printed.
  private func lastError(of trial: Sweep.Trial) -> Substring {
    let log = folder.log(trial)
    let data = FileManager.default.contents(atPath: log) ?? Data()
    let lines = String(decoding: data.suffix(4096), as: UTF8.self).split(separator: "\n")
    return lines.last { $0.hasPrefix("error: ") }?.dropFirst(7) ?? "see \(log)"
  }
}
