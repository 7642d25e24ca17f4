import Tensors

/// The checkpoint that is the best by the number that `output.keep-best` names.
extension Journal {
  /// - Parameter step: the step that the run continues from. Improvements without a checkpoint are forgotten.
  func openBest(from step: Int) throws {
    guard let metric = trainer.recipe.output.keepBest else {
      // Left by the run before a resume that keeps none.
      try BestFile.remove(folder.best)
      return
    }
    bestFile = try BestFile(folder.best, metric, upTo: step, checkpoints: folder.checkpointSteps)
  }

  /// Compares a step with the best so far, and keeps its checkpoint if it is better.
  ///
  /// - Parameter report: the fixed batch's at this step; nil if it was not measured.
  /// - Returns: whether the run ends early (`output.keep-best-patience`).
  func judge(_ report: MonitorReport?, _ observer: TrainingRun.Observer) throws -> Bool {
    let scores = try evaluated(observer)
    guard let metric = bestFile?.metric,
      let value = scores?.first(where: { $0.name == metric.rawValue })?.value ?? report?.value(of: metric)
    else { return false }
    let (done, patience) = (trainer.stepCount, trainer.recipe.output.patience)
    if try bestFile?.add(value, step: done) == true { try save() }
    return patience > 0 && done - (bestFile?.best?.step ?? done) >= patience
  }

  /// The scores of a small evaluation; nil at steps without one.
  private func evaluated(_ observer: TrainingRun.Observer) throws -> [(name: String, value: Double)]? {
    let done = trainer.stepCount
    guard let every = trainer.recipe.evaluation?.every, every > 0, let evaluate = observer.evaluate,
      done % every == 0 || done == trainer.recipe.training.steps
    else { return nil }
    let scores = try observer.validation("small evaluation", advice: "Lower evaluation.batch.", evaluate)
    if let scores { try add(scores, step: done) }
    return scores
  }

  /// Takes over the best checkpoint's student, which is then written and evaluated. The last checkpoint is saved by now.
  func loadBest() throws {
    guard let best = bestFile?.best, best.step != trainer.stepCount else { return }
    try Checkpoint.loadStudent(folder.checkpoint(best.step), into: trainer)
  }
}

extension MonitorReport {
  /// nil for a number that the fixed batch does not have.
  func value(of metric: BestMetric) -> Double? {
    let held = rewards.filter { $0.name != "reward" }.map { average($0.values) }
    return switch metric {
    case .energyDistance: energyDistance
    case .reward: rewards.first { $0.name == "reward" }.map { average($0.values) }
    case .heldOutRewards: held.isEmpty ? nil : average(held)
    case .frechetDistance, .kernelDistance, .recall: nil
    }
  }
}
