import Files
import Foundation
import Networks
import Tensors

/// The work that only the first rank does for a run: it holds the folder's lock, monitors the student, and writes
/// records, warnings, sample grids, checkpoints and the finished student.
final class Journal {
  let trainer: Trainer
  let folder: RunFolder
  let monitor: Monitor?
  private var warningFile: WarningFile
  private let lock: FolderLock
  private var records: RunLogger
  /// nil if the recipe keeps no best checkpoint.
  var bestFile: BestFile?

  var warnings: [Warning] { warningFile.warnings }

  init(_ trainer: Trainer, _ folder: RunFolder, resume: Bool) throws {
    self.trainer = trainer
    self.folder = folder
    try folder.create()
    lock = try folder.lock()
    monitor = try Monitor(trainer.recipe, components: trainer.components)
    trainer.zoneReward = monitor?.fixedBatch.zoneReward
    if resume, let last = folder.checkpointSteps.last {
      try Checkpoint.load(folder.checkpoint(last), into: trainer, monitor: monitor)
    }
    // A resumed run keeps the recorded sources of its values.
    let recipe = trainer.recipe
    if !resume || (try? YAMLNode.load(path: folder.recipe).hasSameValue(as: recipe.resolved)) != true {
      try recipe.write(to: folder.recipe)
    }
    warningFile = try WarningFile(folder.warnings, resumingAt: resume ? trainer.stepCount : nil)
    records = try Self.records(folder, trainer, monitor)
    try openBest(from: resume ? trainer.stepCount : 0)
  }

  private static func records(_ folder: RunFolder, _ trainer: Trainer, _ monitor: Monitor?) throws -> RunLogger {
    try RunLogger(folder, trainer.recipe, monitor, scorers: trainer.components.scorers, from: trainer.stepCount)
  }

  /// Evaluates the student on the fixed batch before it learns, and saves a checkpoint if a run may have to return to it.
  func begin() throws {
    if let monitor { try records.add(monitor.evaluate(step: 0, trainingError: nil).report) }
    if trainer.recipe.monitor.policy == .rollBack { try save() }
  }

  /// Records a step and decides how the run continues.
  func decide(after report: StepReport, before stop: Int, _ observer: TrainingRun.Observer) throws
    -> TrainingRun.Decision
  {
    let output = trainer.recipe.output
    try records.add(report)
    observer.step(report)
    let done = trainer.stepCount
    let isLast = done == trainer.recipe.training.steps
    let (probe, warnings) = try look(at: report, isLast: isLast)
    for warning in warnings {
      switch try apply(warning, observer) {
      case .rolledBack: return .rollBack
      case .stopped: return .stop
      case .warned, .saved: continue
      }
    }
    let isOver = try judge(probe, observer)
    if done % output.sampleEvery == 0 || isLast { try records.add(observer.image(), step: done) }
    if done % output.checkpointEvery == 0, done < stop { try save() }
    return isOver ? .finish : .proceed
  }

  /// Decides how the run continues after a step that has diverged.
  func decide(after error: TrainingError, _ observer: TrainingRun.Observer) throws -> TrainingRun.Decision {
    guard let monitor else { return .stop }
    return try apply(monitor.warning(of: error, step: trainer.stepCount), observer) == .rolledBack ? .rollBack : .stop
  }

  private func look(at report: StepReport, isLast: Bool) throws -> (MonitorReport?, [Warning]) {
    guard let monitor else { return (nil, []) }
    var warnings = monitor.warnings(of: report)
    let done = trainer.stepCount
    guard done % monitor.settings.every == 0 || isLast else { return (nil, warnings) }
    let (evaluated, seen) = try monitor.evaluate(step: done, trainingError: report.denoisingError)
    try records.add(evaluated)
    warnings += seen
    return (evaluated, warnings)
  }

  /// Saves, closes the records, and writes the student if the run has finished.
  func finish(exporting isFinished: Bool) throws {
    try save()
    try records.closeRows()
    if isFinished {
      try loadBest()
      try exportStudent()
    }
    try records.close()
  }

  func save() throws {
    guard folder.checkpointSteps.last != trainer.stepCount else { return }
    try Checkpoint.save(trainer, monitor: monitor, to: folder.checkpoint(trainer.stepCount))
    let kept = keptCheckpoints
    for step in folder.checkpointSteps.dropLast(trainer.recipe.output.keep) where !kept.contains(step) {
      try FileManager.default.removeItem(atPath: folder.checkpoint(step))
    }
  }

  func add(_ warning: Warning) throws { try warningFile.add(warning) }

  func add(_ scores: [(name: String, value: Double)], step: Int) throws { try records.add(scores, step: step) }

  /// Continues the records at the trainer's step.
  func reopenRecords() throws {
    try openBest(from: trainer.stepCount)
    try records.close()
    records = try Self.records(folder, trainer, monitor)
  }

  /// Writes the student for other tools, with its architecture and its step list.
  private func exportStudent() throws {
    var metadata = trainer.components.backbone.metadata
    metadata["student.steps"] = "\(trainer.recipe.steps)"
    try trainer.withAveragedStudent {
      try Safetensors.write(LoRA.merged(trainer.components.student.parameters), metadata: metadata, to: folder.student)
    }
  }
}
