import Foundation
import Networks
import Storage
import Tensors

/// A trainer at work in its folder: curves, diagnostics, sample grids and checkpoints as it goes, the student at the end.
public final class TrainingRun {
  public enum Ending: Sendable {
    case finished
    /// A checkpoint was saved at this step; `--resume` goes on from it.
    case interrupted(step: Int)
  }

  public let trainer: Trainer
  public let folder: RunFolder
  private let lock: FolderLock
  private let diagnostics: Diagnostics
  private let events: EventFile

  /// Makes the folder, or, resuming, takes it up where its last checkpoint was written.
  public init(_ trainer: Trainer, folder: RunFolder, resume: Bool) throws {
    self.trainer = trainer
    self.folder = folder
    try folder.create()
    lock = try folder.lock()
    if resume, let last = folder.checkpointSteps.last { try Checkpoint.load(folder.checkpoint(last), into: trainer) }
    // A resumed run keeps the places where its values came from.
    let recipe = trainer.recipe
    if !resume || (try? YAMLNode.load(path: folder.recipe).hasSameValue(as: recipe.resolved)) != true {
      try recipe.write(to: folder.recipe)
    }
    diagnostics = try Diagnostics(folder.diagnostics, resumingAt: trainer.stepCount)
    events = try EventFile(folder: folder.path, resumingAt: trainer.stepCount > 0 ? trainer.stepCount : nil)
  }

  /// Trains to the end of the recipe, to `limit` steps, or until interrupted.
  ///
  /// - Parameters:
  ///   - observe: called after every step.
  ///   - picture: one of the student as it is, for the grid; nil leaves it out.
  public func run(
    until limit: Int? = nil, observe: (StepReport) -> Void, picture: () throws -> PNGImage?
  ) throws -> Ending {
    let output = trainer.recipe.output
    let total = trainer.recipe.training.steps
    let stop = min(limit ?? total, total)
    while trainer.stepCount < stop, !Interruption.isRequested {
      let report = try trainer.step()
      try diagnostics.append(report)
      if report.step % output.logEvery == 0 { try log(report) }
      observe(report)
      let done = trainer.stepCount
      if done % output.sampleEvery == 0 || done == total { try show(picture(), step: done) }
      if done % output.checkpointEvery == 0, done < stop { try save() }
    }
    try save()
    try diagnostics.close()
    guard trainer.stepCount == total else {
      try events.close()
      return .interrupted(step: trainer.stepCount)
    }
    try exportStudent()
    try events.close()
    return .finished
  }

  private func log(_ report: StepReport) throws {
    var scalars = report.student.map { (tag: "student/\($0.name)", value: $0.value) }
    scalars += report.fakeTeacher.map { (tag: "fake-teacher/\($0.name)", value: $0.value) }
    scalars.append((tag: "student/gradient-norm", value: report.studentNorm))
    scalars.append((tag: "fake-teacher/gradient-norm", value: report.fakeTeacherNorm))
    if let reward = report.reward { scalars.append((tag: "reward", value: reward)) }
    try events.add(scalars: scalars, step: report.step)
  }

  private func show(_ image: PNGImage?, step: Int) throws {
    guard let image else { return }
    try image.write(to: "\(folder.samples)/step-\(step).png")
    // Counted as the curves are, from 0: a resume at `step` drops what was logged from there on.
    try events.add(image: image, tag: "samples", step: step - 1)
  }

  private func save() throws {
    let path = folder.checkpoint(trainer.stepCount)
    guard folder.checkpointSteps.last != trainer.stepCount else { return }
    try Checkpoint.save(trainer, to: path)
    for step in folder.checkpointSteps.dropLast(trainer.recipe.output.keep) {
      try FileManager.default.removeItem(atPath: folder.checkpoint(step))
    }
  }

  /// The student as other tools read it, with its architecture and its step list.
  private func exportStudent() throws {
    var metadata = trainer.cast.backbone.metadata
    metadata["student.steps"] = "\(trainer.recipe.steps)"
    let write = { [trainer, folder] in
      try Safetensors.write(LoRA.merged(trainer.cast.student.parameters), metadata: metadata, to: folder.student)
    }
    try trainer.ema?.applied(write) ?? write()
  }
}
