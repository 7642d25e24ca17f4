import Fewstep
import Foundation

/// The progress bar of a run: losses, reward and speed.
final class TrainingProgress {
  private let bar: Progress
  private let first: Int
  private let batch: Int
  private let start = Date()
  /// The reward of the last step that had one.
  private var reward = Double.nan

  init(_ run: TrainingRun) {
    let training = run.trainer.recipe.training
    first = run.trainer.stepCount
    batch = training.batch
    bar = Progress(total: training.steps, from: first)
  }

  func update(_ report: StepReport) {
    let done = report.step + 1
    let rate = Double((done - first) * batch) / max(1e-9, -start.timeIntervalSinceNow)
    reward = report.reward ?? reward
    bar.update(
      done,
      "student \(brief(report.student.first?.value ?? .nan))  fake \(brief(report.fakeTeacher.first?.value ?? .nan))"
        + (reward.isNaN ? "" : "  reward \(brief(reward))") + "  \(brief(rate)) samples/s")
  }

  func note(_ warning: Warning) {
    bar.stop()
    // A warning that stops the run becomes the command's error.
    if warning.action != .stopped { FewstepCLI.note("warning \(warning)") }
  }

  func note(_ text: String) { bar.note(text) }

  /// Validation, in the same line.
  func validating(_ name: String, _ done: Int, _ total: Int) {
    bar.label("\(name): \(done) of \(total) samples")
  }

  func stop() { bar.stop() }
}

/// Reports the sections of a recipe that have no effect.
func noteUnused(_ recipe: Recipe, _ components: TrainingComponents) {
  for section in components.unusedSections(of: recipe) {
    note("note: \(section) has no effect on training: with these settings, the objective does not use it")
  }
}

/// Reports the external programs that compute scores.
func noteScorers(_ components: TrainingComponents) {
  for (key, scorer) in components.scorers { note("\(key): scored by \(scorer)") }
}
