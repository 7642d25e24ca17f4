import ArgumentParser
import Evaluation
import Fewstep
import Foundation
import Media
import Processes
import Reports
import Tensors

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Distill a teacher into a student.",
    discussion: """
      Example:  fewstep run recipes/quickstart.yaml --set training.steps=50
      Resume:   fewstep run recipes/quickstart.yaml --into runs/quickstart --resume

      Writes to the run folder: recipe.yaml (every value and its source), checkpoints/, diagnostics.h5 (per sample),
      monitor.h5 (the same samples through training), warnings.json (if there were any), TensorBoard events, samples/*.png,
      student.safetensors, evaluation.json. Ctrl-C saves a checkpoint and exits with 75. A warning does so with 76, if the
      recipe says monitor.policy: stop.

      Several processes train together if a launcher starts them: torchrun --no-python, srun, mpirun, or `fewstep launch`. A
      job that is started again by itself wants --auto-resume.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The run folder; by default runs/NAME, or NAME-2... if that exists.") var into: String?
  @Flag(help: "Continue from the last checkpoint in the folder named by --into (by default runs/NAME).") var resume =
    false
  @Flag(help: "As --resume if the folder has a checkpoint, otherwise begin there.") var autoResume = false
  @Option(help: "Save and stop after this many steps, as if interrupted.") var stopAfter: Int?
  @Flag(help: "Measure where time and memory go: a table, and profile.json in the run folder, which Perfetto opens.")
  var profile = false
  @Option(help: "With several processes: seconds without a sign of life after which one is given up.")
  var timeout = 600.0
  @Flag(help: "Print the scores as JSON.") var json = false

  func validate() throws {
    if let stopAfter, stopAfter < 1 {
      throw ValidationError("--stop-after: expected at least 1 step, got \(stopAfter)")
    }
    if !(timeout >= 1) { throw ValidationError("--timeout: expected at least 1 second, got \(timeout)") }
    if resume, autoResume { throw ValidationError("--resume and --auto-resume: give one of them") }
    if into == "" { throw ValidationError("--into: expected a folder, got nothing") }
  }

  func run() throws {
    let place = try DistributedEnvironment(ProcessInfo.processInfo.environment)
    try Rank.$current.withValue(place?.rank) {
      let recipe: Recipe
      do { recipe = try arguments.load(in: place) } catch {
        if let place { TorchCollective.decline(place, error) }
        throw error
      }
      Signals.listen()
      let collective: any Collective = try place.map { try join($0, recipe) } ?? Single()
      let stop = try collective.aborting {
        guard profile else { return try run(recipe, collective, nil) }
        let measured = Profile(on: recipe.device)
        return try measured.measure { try run(recipe, collective, measured) }
      }
      (collective as? TorchCollective)?.leave()
      guard let stop else { return }
      // The first rank says it.
      if collective.rank > 0 { throw ExitCode(stop.exitCode) }
      throw stop
    }
  }

  private func join(_ place: DistributedEnvironment, _ recipe: Recipe) throws -> TorchCollective {
    if let here = place.localCount, ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] == nil {
      try Runtime.setThreads(max(1, Runtime.threads / here))
    }
    note("waiting for \(place.count) processes at \(place.host):\(place.port)")
    var terms = Fingerprint(recipe.resolved.leaves).prefixed("recipe")
    terms["--into"] = into
    terms["--resume"] = "\(resume)"
    terms["--auto-resume"] = "\(autoResume)"
    terms["--stop-after"] = stopAfter.map { "\($0)" }
    terms["--profile"] = "\(profile)"
    return try interruptible(by: { try Signals.check("stopped before the first step") }) {
      try TorchCollective(place, on: recipe.device, terms: terms, timeout: timeout)
    }
  }

  /// - Returns: why the run stopped before its end; nil if it has finished.
  private func run(_ recipe: Recipe, _ collective: any Collective, _ profile: Profile?) throws -> (any ExitCoded)? {
    let place = try collective.fromFirst { try self.place(recipe) }
    let folder = RunFolder(place.path)
    let mesh = try recipe.mesh(over: collective)
    let components = try TrainingComponents(recipe, over: mesh)
    noteUnused(recipe, components)
    // The evaluation's files are opened before an hour of training, not after it.
    let evaluation = try recipe.evaluation.map { settings in
      try interruptible(by: { try Signals.check("stopped before the first step") }) {
        try ModelEvaluation(recipe, settings, backbone: components.backbone, teacher: components.teacher)
      }
    }
    let run = try start(
      Trainer(recipe, components: components, over: mesh), in: folder, resuming: place.hasCheckpoint)
    noteScorers(components)
    note("\(folder.path): \(recipe.training.steps) steps of \(recipe.training.batch) samples, seed \(recipe.seed)")
    let resuming =
      (collective.count > 1 ? "resume under the same launcher with" : "resume with")
      + ": fewstep run \(folder.recipe) --into \(folder.path) --resume"
      + ProgramPlugins.files.map { " --plugin \($0.path)" }.joined()
    let ending = try train(run, evaluation, resuming)
    if let profile, collective.rank == 0 { try report(profile, in: folder) }
    switch ending {
    case .interrupted(let step): return Interrupted("stopped at step \(step), which is saved; \(resuming)")
    case .stopped(let warning):
      return StoppedByWarning(
        "stopped by a warning (monitor.policy) at step \(run.trainer.stepCount), which is saved; \(resuming)\n"
          + "  \(warning)")
    case .finished:
      try finish(run, evaluation)
      return nil
    }
  }

  private func report(_ profile: Profile, in folder: RunFolder) throws {
    try profile.write(to: folder.profile)
    note(
      "\(try profile.table.text)\nprofile: \(profile.summary)\ntrace for Perfetto (ui.perfetto.dev): \(folder.profile)")
  }

  private func start(_ trainer: Trainer, in folder: RunFolder, resuming: Bool) throws -> TrainingRun {
    var progress: Progress?
    return try interruptible(by: { try Signals.check("stopped before the first step") }) {
      try TrainingRun(trainer, folder: folder, resume: resuming) { done, total in
        if progress == nil { progress = Progress(total: total) }
        progress?.update(done, "samples of the teacher for the monitor")
      }
    }
  }

  /// Where the run is.
  private struct Place: Codable {
    let path: String
    /// From which it goes on.
    let hasCheckpoint: Bool
  }

  private func place(_ recipe: Recipe) throws -> Place {
    let folder =
      into.map(RunFolder.init)
      ?? (resume || autoResume ? RunFolder("runs/\(recipe.name)") : .unused(named: recipe.name))
    let exists = FileManager.default.fileExists(atPath: folder.path)
    let hasCheckpoint = !folder.checkpointSteps.isEmpty
    if resume, !hasCheckpoint {
      throw Failure(
        .missing, at: folder.path, "there is no checkpoint to resume from", advice: "--auto-resume begins then.")
    }
    if autoResume, exists, !hasCheckpoint { try folder.discard() }
    if !resume, !autoResume, exists {
      throw Failure(
        .usage, at: folder.path, "the folder exists",
        advice: "Add --resume to continue (--auto-resume: or to begin), or name another one.")
    }
    return Place(path: folder.path, hasCheckpoint: hasCheckpoint && (resume || autoResume))
  }

  private func train(_ run: TrainingRun, _ evaluation: ModelEvaluation?, _ resuming: String) throws
    -> TrainingRun.Ending
  {
    let progress = TrainingProgress(run)
    let samples = RunSamples(run.trainer)
    do {
      let ending = try run.run(
        until: stopAfter,
        TrainingRun.Observer(
          step: progress.update, warning: progress.note, note: progress.note, validating: progress.validating,
          image: samples.student,
          evaluate: evaluation.map { run.smallScores($0) }))
      if case .interrupted = ending { progress.stop() }
      return ending
    } catch var failure as Failure where [.software, .io].contains(failure.kind) {
      guard let step = run.folder.checkpointSteps.last else { throw failure }
      failure.advice = (failure.advice.map { "\($0)\n  " } ?? "") + "Step \(step) is saved; \(resuming)"
      throw failure
    }
  }

  /// Samples teacher and student from the same noise, and prints the scores.
  private func finish(_ run: TrainingRun, _ evaluation: ModelEvaluation?) throws {
    let path = run.folder.samples + "/teacher-and-student.png"
    let progress = EvaluationProgress(
      "stopped in the evaluation; the student is saved, score it with: fewstep evaluate \(run.folder.path)")
    var image: PNGImage?
    let collective = run.trainer.collective
    _ = try collective.agree {
      image = try progress {
        try RunSamples(run.trainer).teacherAndStudent { progress.update("samples to look at", $0, $1) }
      }
      try image?.write(to: path)
      return 0
    }
    if let evaluation {
      let scores = try progress { try run.evaluate(evaluation, progress: progress.update) }
      if collective.rank == 0 { try printResult(scores, json: json, scores.text) }
    }
    if image != nil { note("samples, teacher above student, same noise: \(path)") }
    if let metric = run.trainer.recipe.output.keepBest, let best = try run.folder.bestStep {
      note("the student is that of step \(best), the best by \(metric.rawValue)")
    }
    note("run folder: \(run.folder.path)")
  }
}
