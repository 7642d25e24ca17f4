import Files
import Foundation
import Media
import Networks
import Processes
import Tensors

/// A trainer at work in its folder: curves, diagnostics, probes, sample grids and checkpoints as it goes, the student at the
/// end.
public final class TrainingRun {
  public enum Ending: Sendable {
    case finished
    /// A checkpoint was saved at this step; `--resume` goes on from it.
    case interrupted(step: Int)
    /// The same, because of a warning.
    case stopped(Warning)
  }

  /// What a run tells whoever started it.
  public struct Observer {
    /// Called after every step.
    public var step: (StepReport) -> Void
    public var warning: (Warning) -> Void
    /// A picture of the student as it is, for the grid; nil leaves it out.
    public var picture: () throws -> PNGImage?

    public init(
      step: @escaping (StepReport) -> Void = { _ in }, warning: @escaping (Warning) -> Void = { _ in },
      picture: @escaping () throws -> PNGImage? = { nil }
    ) {
      self.step = step
      self.warning = warning
      self.picture = picture
    }
  }

  let team: Team
  public var trainer: Trainer { team.lead }
  public let folder: RunFolder
  let monitor: Monitor?
  var warnings: WarningFile
  private let lock: FolderLock
  private var records: RunLogger

  public convenience init(_ trainer: Trainer, folder: RunFolder, resume: Bool) throws {
    try self.init(Team(trainer), folder: folder, resume: resume)
  }

  /// Makes the folder, or, resuming, takes it up where its last checkpoint was written.
  public init(_ team: Team, folder: RunFolder, resume: Bool) throws {
    self.team = team
    let trainer = team.lead
    self.folder = folder
    try folder.create()
    lock = try folder.lock()
    monitor = try Monitor(trainer.recipe, components: trainer.components)
    trainer.zoneReward = monitor?.fixedBatch.zoneReward
    if resume, let last = folder.checkpointSteps.last {
      try Checkpoint.load(folder.checkpoint(last), into: team, monitor: monitor)
    }
    // A resumed run keeps the places where its values came from.
    let recipe = trainer.recipe
    if !resume || (try? YAMLNode.load(path: folder.recipe).hasSameValue(as: recipe.resolved)) != true {
      try recipe.write(to: folder.recipe)
    }
    warnings = try WarningFile(folder.warnings, resumingAt: resume ? trainer.stepCount : nil)
    records = try Self.records(folder, trainer, monitor)
  }

  private static func records(_ folder: RunFolder, _ trainer: Trainer, _ monitor: Monitor?) throws -> RunLogger {
    try RunLogger(folder, trainer.recipe, monitor, scorers: trainer.components.scorers, from: trainer.stepCount)
  }

  /// Trains to the end of the recipe, to `limit` steps, until interrupted or until a warning stops it.
  ///
  /// - Throws: `TrainingError` where training has diverged and the recipe knows no way back.
  public func run(until limit: Int? = nil, _ observer: Observer = Observer()) throws -> Ending {
    let total = trainer.recipe.training.steps
    let stop = min(limit ?? total, total)
    var ending: Warning?
    if trainer.stepCount == 0 { try begin() }
    while trainer.stepCount < stop, ending == nil, !Signals.isRequested {
      do {
        ending = try advance(before: stop, observer)
      } catch let error as TrainingError {
        guard let monitor, try apply(monitor.warning(of: error, step: trainer.stepCount), observer) == .rolledBack
        else {
          throw error
        }
      }
    }
    try save()
    try records.closeRows()
    if trainer.stepCount == total, ending == nil { try exportStudent() }
    try records.close()
    if let ending { return .stopped(ending) }
    return trainer.stepCount == total ? .finished : .interrupted(step: trainer.stepCount)
  }

  /// A probe of the student before it learns, and a checkpoint where a run may have to come back.
  func begin() throws {
    if let monitor { try records.add(monitor.evaluate(step: 0, trainingError: nil).report) }
    if trainer.recipe.monitor.policy == .rollBack { try save() }
  }

  /// One step and what follows from it; the warning that stops the run, if there is one.
  private func advance(before stop: Int, _ observer: Observer) throws -> Warning? {
    let output = trainer.recipe.output
    let report = try team.step()
    try records.add(report)
    observer.step(report)
    let done = trainer.stepCount
    let isLast = done == trainer.recipe.training.steps
    var seen = [Warning]()
    if let monitor {
      seen = monitor.warnings(of: report)
      if done % monitor.settings.every == 0 || isLast {
        let (probe, warnings) = try monitor.evaluate(step: done, trainingError: report.denoisingError)
        try records.add(probe)
        seen += warnings
      }
    }
    for warning in seen {
      switch try apply(warning, observer) {
      case .rolledBack: return nil
      case .stopped: return warnings.warnings.last
      case .warned, .saved: continue
      }
    }
    if done % output.sampleEvery == 0 || isLast { try records.add(observer.picture(), step: done) }
    if done % output.checkpointEvery == 0, done < stop { try save() }
    return nil
  }

  func save() throws {
    guard folder.checkpointSteps.last != trainer.stepCount else { return }
    try Checkpoint.save(trainer, monitor: monitor, to: folder.checkpoint(trainer.stepCount))
    let kept = keptCheckpoints
    for step in folder.checkpointSteps.dropLast(trainer.recipe.output.keep) where !kept.contains(step) {
      try FileManager.default.removeItem(atPath: folder.checkpoint(step))
    }
  }

  /// Takes the records up again at the trainer's step.
  func reopenRecords() throws {
    try records.close()
    records = try Self.records(folder, trainer, monitor)
  }

  /// The student as other tools read it, with its architecture and its step list.
  private func exportStudent() throws {
    var metadata = trainer.components.backbone.metadata
    metadata["student.steps"] = "\(trainer.recipe.steps)"
    let write = { [trainer, folder] in
      try Safetensors.write(LoRA.merged(trainer.components.student.parameters), metadata: metadata, to: folder.student)
    }
    try trainer.ema?.applied(write) ?? write()
  }
}
