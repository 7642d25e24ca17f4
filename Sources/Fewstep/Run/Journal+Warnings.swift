import Foundation

extension Journal {
  /// Follows the recipe's policy, records the warning and reports it.
  func apply(_ warning: Warning, _ observer: TrainingRun.Observer) throws -> Warning.Action {
    var warning = warning
    switch trainer.recipe.monitor.policy {
    case .warn: warning.action = .warned
    case .save: warning.action = .saved
    case .stop: warning.action = .stopped
    case .rollBack:
      warning.from = goodCheckpoint
      warning.action = warning.from == nil ? .stopped : .rolledBack
    }
    // There is nothing left to save or to stop.
    if warning.kind == .notFinite, warning.action != .rolledBack { warning.action = .warned }
    if let step = warning.from { try rollBack(to: step) }
    try add(warning)
    if warning.action == .saved { try save() }
    // Otherwise the error itself reports it.
    if warning.kind != .notFinite || warning.action == .rolledBack { observer.warning(warning) }
    return warning.action
  }

  /// Checkpoints that are kept whatever `output.keep` says.
  var keptCheckpoints: Set<Int> {
    var steps = Set(warnings.filter { $0.action == .saved }.map(\.step))
    if let best = bestFile?.best { steps.insert(best.step) }
    if trainer.recipe.monitor.policy == .rollBack, let good = goodCheckpoint { steps.insert(good) }
    return steps
  }

  /// The last checkpoint from before the problem; nil if the run has rolled back too often.
  private var goodCheckpoint: Int? {
    guard let monitor, monitor.state.rollBacks < monitor.settings.rollBacks else { return nil }
    return folder.checkpointSteps.last { $0 <= monitor.state.lastGood }
  }

  private func rollBack(to step: Int) throws {
    guard let monitor else { return }
    let (count, factor) = (monitor.state.rollBacks + 1, trainer.learningRateFactor / 2)
    try Checkpoint.load(folder.checkpoint(step), into: trainer, monitor: monitor)
    monitor.state.rollBacks = count
    monitor.state.lastGood = step
    trainer.learningRateFactor = factor
    // A resume from here also has the halved rates.
    try Checkpoint.save(trainer, monitor: monitor, to: folder.checkpoint(step))
    for later in folder.checkpointSteps where later > step {
      try folder.removeCheckpoint(later)
    }
    try reopenRecords()
  }
}
