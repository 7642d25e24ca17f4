import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Processes
import Reports
import Tensors

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Distil a teacher into a student, as a recipe says.",
    discussion: """
      Example:  fewstep run recipes/quickstart.yaml --set training.steps=50
      Resume:   fewstep run recipes/quickstart.yaml --into runs/quickstart --resume

      Leaves in the run folder: recipe.yaml (every value and its source), checkpoints/, diagnostics.h5 (per sample),
      monitor.h5 (the same samples through training), warnings.json (if there were any), TensorBoard events, samples/*.png,
      student.safetensors, evaluation.json. Ctrl-C saves a checkpoint and exits with 75; a warning does, with 76, where the
      recipe's monitor.policy is stop.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Option(help: "The run folder; by default runs/NAME, or NAME-2... where that is taken.")
  var into: String?
  @Flag(help: "Go on from the last checkpoint of the folder named by --into (default runs/NAME).")
  var resume = false
  @Option(help: "Save and stop after this many steps, as if interrupted.")
  var stopAfter: Int?
  @Flag(help: "Print the scores as JSON on standard output.")
  var json = false

  func validate() throws {
    if let stopAfter, stopAfter < 1 {
      throw ValidationError("--stop-after: expected at least 1 step, got \(stopAfter)")
    }
    if into == "" { throw ValidationError("--into: expected a folder, got nothing") }
  }

  func run() throws {
    let recipe = try arguments.load()
    let folder = try self.folder(recipe)
    let components = try TrainingComponents(recipe)
    noteUnused(recipe, components)
    // The evaluation's files are opened before an hour of training, not after it.
    let evaluation = try recipe.evaluation.map {
      try ModelEvaluation(recipe, $0, backbone: components.backbone, teacher: components.teacher)
    }
    Signals.listen()
    let run = try TrainingRun(Trainer(recipe, components: components), folder: folder, resume: resume)
    noteScorers(components)
    note("\(folder.path): \(recipe.training.steps) steps of \(recipe.training.batch) samples, seed \(recipe.seed)")
    let again =
      "go on with: fewstep run \(folder.recipe) --into \(folder.path) --resume"
      + ProgramPlugins.files.map { " --plugin \($0.path)" }.joined()
    let goOn = "which is saved; \(again)"
    let ending: TrainingRun.Ending
    do { ending = try train(run) } catch let error as Failure where error.kind == .software {
      guard let step = folder.checkpointSteps.last else { throw error }
      throw Failure(.software, at: error.place, error.problem, advice: "Step \(step) is saved; \(again)")
    }
    switch ending {
    case .interrupted(let step):
      throw Interrupted("stopped at step \(step), \(goOn)")
    case .stopped(let warning):
      throw StoppedByWarning(
        "stopped by a warning (monitor.policy) at step \(run.trainer.stepCount), \(goOn)\n  \(warning)")
    case .finished: try report(run, evaluation)
    }
  }

  private func folder(_ recipe: Recipe) throws -> RunFolder {
    let folder = into.map(RunFolder.init) ?? (resume ? RunFolder("runs/\(recipe.name)") : .unused(named: recipe.name))
    let exists = FileManager.default.fileExists(atPath: folder.path)
    if resume, folder.checkpointSteps.isEmpty {
      throw Failure(.missing, at: folder.path, "there is no checkpoint to resume from")
    }
    if exists, !resume {
      throw Failure(.usage, at: "\(folder.path) is there already", "add --resume to go on, or name another folder")
    }
    return folder
  }

  private func train(_ run: TrainingRun) throws -> TrainingRun.Ending {
    let recipe = run.trainer.recipe
    let first = run.trainer.stepCount
    let progress = Progress(total: recipe.training.steps, from: first)
    let start = Date()
    let sampling = SampleGenerator(run.trainer.components.backbone, seed: recipe.evaluation?.seed ?? 1)
    let grid = SampleGrid(run.trainer.components.backbone)
    let prompts = sampling.promptIDs(grid.count(rows: 5))
    var reward = Double.nan
    let observer = TrainingRun.Observer { report in
      let done = report.step + 1
      let rate = Double((done - first) * recipe.training.batch) / max(1e-9, -start.timeIntervalSinceNow)
      reward = report.reward ?? reward
      progress.update(
        done,
        "student \(brief(report.student.first?.value ?? .nan))  fake \(brief(report.fakeTeacher.first?.value ?? .nan))"
          + (reward.isNaN ? "" : "  reward \(brief(reward))") + "  \(brief(rate)) samples/s")
    } warning: { warning in
      progress.stop()
      if warning.action != .stopped { note("warning \(warning)") }
    } picture: {
      let student = run.trainer.components.student
      let made = { try sampling.fewStep(student, steps: recipe.steps, promptIDs: prompts) }
      return try grid.image([("student", run.trainer.withAveragedStudent(made))], promptIDs: prompts)
    }
    let ending = try run.run(until: stopAfter, observer)
    if case .interrupted = ending { progress.stop() }
    return ending
  }

  /// Pictures of teacher and student from the same noise, and the table.
  private func report(_ run: TrainingRun, _ evaluation: ModelEvaluation?) throws {
    let (recipe, components, folder) = (run.trainer.recipe, run.trainer.components, run.folder)
    let sampling = SampleGenerator(components.backbone, seed: recipe.evaluation?.seed ?? 1)
    let grid = SampleGrid(components.backbone)
    let prompts = sampling.promptIDs(grid.count(rows: 2))
    let picture = folder.samples + "/teacher-and-student.png"
    var isDrawn = false
    try run.trainer.withAveragedStudent {
      let teacher = try sampling.teacherFewStep(
        components.teacher, steps: recipe.steps, guidance: recipe.matching.guidance, promptIDs: prompts)
      let student = try sampling.fewStep(components.student, steps: recipe.steps, promptIDs: prompts)
      let image = try grid.image([("teacher", teacher), ("student", student)], promptIDs: prompts)
      try image?.write(to: picture)
      isDrawn = image != nil
      guard let evaluation else { return }
      let scores = try evaluate(
        evaluation, components.student, recipe,
        ifStopped: "stopped while evaluating. The student is saved; score it with: fewstep evaluate \(folder.path)")
      try AtomicFile.write(try JSONEncoder.pretty.encode(scores), to: folder.evaluation)
      try printResult(scores, json: json, scores.text)
    }
    if isDrawn { note("samples, teacher above student, same noise: \(picture)") }
    note("run folder: \(folder.path)")
  }
}

/// The scores of a recipe's evaluation, with progress.
///
/// - Throws: `Failure` with the words `ifStopped` after Ctrl-C where `Signals` listens.
func evaluate(_ evaluation: ModelEvaluation, _ student: any Student, _ recipe: Recipe, ifStopped words: String) throws
  -> EvaluationResult
{
  var current: (name: String, progress: Progress)?
  return try evaluation.scores(student: student, steps: recipe.steps) { name, done, total in
    if Signals.isRequested { current?.progress.stop() }
    try Signals.check(words)
    if current?.name != name { current = (name, Progress(total: total)) }
    current?.progress.update(done, name)
  }
}

/// Says which parts of a recipe its objective does not ask for.
func noteUnused(_ recipe: Recipe, _ components: TrainingComponents) {
  let objective = components.objective
  for (key, isUnused) in [
    ("reward", components.reward != nil && objective.groupAdvantage == nil && recipe.rewardWeight == 0),
    ("data", components.data != nil && !objective.needs.contains(.data)),
    ("training.pairs", components.pairs != nil && !objective.needs.contains(.pairs)),
  ] where isUnused {
    note("note: \(key) has no effect on training: the objective, as the recipe sets it, does not use it")
  }
}

/// Says who scores, where that is another program.
func noteScorers(_ components: TrainingComponents) {
  for (key, scorer) in components.scorers { note("\(key): scored by \(scorer)") }
}
