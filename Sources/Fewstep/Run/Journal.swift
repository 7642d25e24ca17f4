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

  /// - Parameter progress: called with how many samples of the teacher's fixed batch are made, and of how many.
  init(_ trainer: Trainer, _ folder: RunFolder, resume: Bool, progress: (Int, Int) -> Void) throws {
    self.trainer = trainer
    self.folder = folder
    try folder.create()
    lock = try folder.lock()
    try folder.removeLeftRows()
    let last = resume ? folder.checkpointSteps.last.map(folder.checkpoint) : nil
    if let last { try Checkpoint.refuseOther(HDF5File.open(last), trainer.recipe) }
    monitor = try Monitor(trainer.recipe, components: trainer.components, progress: progress)
    trainer.zoneReward = monitor?.fixedBatch.zoneReward
    if let last { try Checkpoint.load(last, into: trainer, monitor: monitor) }
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
  func begin(_ observer: TrainingRun.Observer) throws {
    if trainer.recipe.monitor.policy == .rollBack { try save() }
    _ = try measure(observer)
  }

  /// Records a step, saves it if it is due, validates, and decides how the run continues.
  func decide(after report: StepReport, before stop: Int, _ observer: TrainingRun.Observer) throws
    -> TrainingRun.Decision
  {
    try records.add(report)
    observer.step(report)
    if let decision = try apply(monitor?.warnings(of: report) ?? [], observer) { return decision }
    // Validation takes memory: if that ends the process, the step is not lost.
    if trainer.stepCount % trainer.recipe.output.checkpointEvery == 0 || trainer.stepCount == stop { try save() }
    return try validate(observer)
  }

  /// Validates the student of a checkpoint that was loaded. Warnings that the run has acted on are not repeated.
  func validateAgain(_ observer: TrainingRun.Observer) throws -> TrainingRun.Decision {
    guard trainer.stepCount > 0 else {
      try begin(observer)
      return .proceed
    }
    return try validate(observer)
  }

  private func validate(_ observer: TrainingRun.Observer) throws -> TrainingRun.Decision {
    let done = trainer.stepCount
    let isLast = done == trainer.recipe.training.steps
    monitor?.beginValidation()
    var report: MonitorReport?
    if let monitor, done % monitor.settings.every == 0 || isLast {
      let seen = try measure(observer)
      let known = Set(warnings.filter { $0.step == done }.map(\.kind))
      if let decision = try apply(seen?.warnings.filter { !known.contains($0.kind) } ?? [], observer) {
        return decision
      }
      report = seen?.report
    }
    let isOver = try judge(report, observer)
    let every = trainer.recipe.output.sampleEvery
    if every > 0, done % every == 0 || isLast {
      let image = try observer.validation("sample grid", advice: "Lower output.samples; 0 leaves grids out.") {
        try observer.image($0)
      }
      try records.add(image, step: done)
    }
    return isOver ? .finish : .proceed
  }

  /// - Returns: nil if nothing was measured.
  private func measure(_ observer: TrainingRun.Observer) throws -> (
    report: MonitorReport, warnings: [Warning]
  )? {
    guard let monitor else { return nil }
    let seen = try observer.validation("fixed batch", advice: "Lower monitor.samples; monitor.every=0 leaves it out.") {
      try monitor.evaluate(step: trainer.stepCount, progress: $0)
    }
    if let seen { try records.add(seen.report) }
    return seen
  }

  /// Acts on warnings.
  ///
  /// - Returns: how the run continues, if they decide that.
  private func apply(_ warnings: [Warning], _ observer: TrainingRun.Observer) throws -> TrainingRun.Decision? {
    for warning in warnings {
      switch try apply(warning, observer) {
      case .rolledBack: return .rollBack
      case .stopped: return .stop
      case .warned, .saved: continue
      }
    }
    return nil
  }

  /// Decides how the run continues after a step that has diverged.
  func decide(after error: TrainingError, _ observer: TrainingRun.Observer) throws -> TrainingRun.Decision {
    guard let monitor else { return .stop }
    return try apply(monitor.warning(of: error, step: trainer.stepCount), observer) == .rolledBack ? .rollBack : .stop
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
    try span(.checkpoint) {
      try Checkpoint.save(trainer, monitor: monitor, to: folder.checkpoint(trainer.stepCount))
    }
    let kept = keptCheckpoints
    for step in folder.checkpointSteps.dropLast(trainer.recipe.output.keep) where !kept.contains(step) {
      try folder.removeCheckpoint(step)
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
      // One by one: merged weights are float32, and a large student's would not fit beside it.
      let entries = LoRA.withoutAdapters(trainer.components.student.parameters).map { parameter in
        Safetensors.Entry(
          parameter.name, shape: parameter.shape,
          dtype: parameter.adapter == nil ? parameter.value.dtype : .float32
        ) { try LoRA.merged(parameter) }
      }
      try Safetensors.write(entries: entries, metadata: metadata, to: folder.student)
    }
  }
}
