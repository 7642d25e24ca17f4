import Fewstep
import Foundation
import Processes
import Synchronization
import Tensors

/// Runs of a sweep as processes of their own, some at a time: what one of them does to memory, or dies of, is its own affair.
final class SweepRunner {
  private struct Job {
    let trial: Sweep.Trial
    let process: Process
  }

  private let folder: SweepFolder
  private let parallel: Int
  private var running = [Job]()
  private(set) var finished = 0
  /// What went wrong, a line a run.
  private(set) var failures = [String]()

  init(_ folder: SweepFolder, parallel: Int) {
    self.folder = folder
    self.parallel = parallel
  }

  /// Works the trials off that are not done, until all have ended or Ctrl-C is pressed.
  func run(_ trials: [Sweep.Trial], _ states: [SweepFolder.State]) throws {
    var waiting = zip(trials, states).filter { if case .stopped = $0.1 { false } else { $0.1 != .done } }
    finished = states.count { $0 == .done }
    if finished > 0 { note("\(finished) of \(trials.count) runs are done already") }
    for (trial, state) in zip(trials, states) {
      guard case .stopped = state else { continue }
      let run = folder.run(trial).path
      fail(trial, "\(state.words); to go on in spite of it: fewstep run \(run)/recipe.yaml --into \(run) --resume")
    }
    let total = trials.reduce(0) { $0 + $1.recipe.training.steps }
    let before = zip(trials, states).reduce(0) { $0 + steps($1.0, $1.1) }
    var ended = zip(trials, states).reduce(0) { $0 + ($1.1 == .done ? $1.0.recipe.training.steps : 0) }
    let progress = Progress(total: total, from: before)
    var isStopping = false
    while !running.isEmpty || !waiting.isEmpty && !isStopping {
      while !isStopping, running.count < parallel, !waiting.isEmpty {
        let (trial, state) = waiting.removeFirst()
        do { try start(trial, state) } catch let error as Failure { fail(trial, "\(error)") }
      }
      usleep(100_000)
      for job in running where !job.process.isRunning {
        ended += job.trial.recipe.training.steps
        end(job)
      }
      running.removeAll { !$0.process.isRunning }
      if Signals.isRequested, !isStopping {
        isStopping = true
        progress.stop()
        note("stopping; \(running.count) runs are being saved")
        for job in running { kill(job.process.processIdentifier, SIGINT) }
      }
      if !isStopping {
        progress.update(ended + running.reduce(0) { $0 + stepsDone($1.trial) }, words(trials.count))
      }
    }
  }

  private func start(_ trial: Sweep.Trial, _ state: SweepFolder.State) throws {
    let run = folder.run(trial)
    var arguments = ["run", folder.recipe(trial), "--into", run.path]
    arguments += FewstepCommand.pluginFiles.flatMap { ["--plugin", $0.path] }
    if FileManager.default.fileExists(atPath: run.path) {
      // Before its log is begun anew.
      try run.refuseIfBusy()
      if case .cutOff = state { arguments.append("--resume") } else { try run.discard() }
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    // Threads of several runs that spin while they wait would take the cores from each other.
    let share = max(1, ProcessInfo.processInfo.activeProcessorCount / parallel)
    process.environment = [
      "OMP_NUM_THREADS": "\(share)", "OMP_WAIT_POLICY": "passive", Progress.pauseVariable: "1",
    ]
    .merging(ProcessInfo.processInfo.environment) { $1 }
    try Data().write(to: URL(fileURLWithPath: folder.log(trial)))
    let log = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.log(trial)))
    process.standardOutput = log
    process.standardError = log
    process.standardInput = FileHandle.nullDevice
    try process.run()
    running.append(Job(trial: trial, process: process))
  }

  private func end(_ job: Job) {
    // A process can be told to have ended before its status is there.
    job.process.waitUntilExit()
    let code = job.process.terminationStatus
    let isSignal = job.process.terminationReason == .uncaughtSignal
    if code == 0, !isSignal {
      finished += 1
    } else if Signals.isRequested, isSignal, code == SIGINT {
      // It had not begun to listen: nothing was made yet that could be saved.
    } else if isSignal || code != ExitCodes.interrupted {
      let reason = lastLines(job.trial).last { $0.hasPrefix("error: ") }?.dropFirst(7) ?? "see \(folder.log(job.trial))"
      fail(job.trial, "\(isSignal ? "died of signal \(code)" : "exit code \(code)"): \(reason)")
    }
  }

  private func fail(_ trial: Sweep.Trial, _ words: String) {
    failures.append("\(trial.path): \(words)")
    note("failed: \(failures.last!)")
  }

  // MARK: How far they are

  private func steps(_ trial: Sweep.Trial, _ state: SweepFolder.State) -> Int {
    switch state {
    case .new: 0
    case .cutOff(let step), .stopped(let step): step
    case .done: trial.recipe.training.steps
    }
  }

  /// From "███░ 120/400  ..." in its log.
  private func stepsDone(_ trial: Sweep.Trial) -> Int {
    for line in lastLines(trial).reversed() {
      guard let count = line.split(separator: " ").first(where: { $0.contains("/") })?.split(separator: "/"),
        count.count == 2, let done = Int(count[0]), Int(count[1]) == trial.recipe.training.steps
      else { continue }
      // The evaluation is still to come.
      return min(done, trial.recipe.training.steps - 1)
    }
    return 0
  }

  private func words(_ total: Int) -> String {
    let names = running.prefix(2).map(\.trial.path).joined(separator: ", ") + (running.count > 2 ? "..." : "")
    let failed = failures.isEmpty ? "" : ", \(failures.count) failed"
    return "steps; \(finished) of \(total) runs done\(failed); \(names)"
  }

  private func lastLines(_ trial: Sweep.Trial) -> [String] {
    guard let log = FileHandle(forReadingAtPath: folder.log(trial)) else { return [] }
    defer { try? log.close() }
    let size = (try? log.seekToEnd()) ?? 0
    try? log.seek(toOffset: size > 4096 ? size - 4096 : 0)
    let data = (try? log.readToEnd()) ?? nil
    return String(decoding: data ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
