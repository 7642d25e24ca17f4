import Fewstep
import Files
import Foundation
import Tensors

/// The direction fields of a run in the plane, checkpoint by checkpoint, as images and an animation.
public struct FieldSeries {
  /// The checkpoints that are drawn, by their steps.
  public let steps: [Int]
  private let run: FinishedRun
  private let components: TrainingComponents
  private let figure: FieldFigure

  /// Opens the run's networks and samples its teacher.
  ///
  /// - Parameters:
  ///   - steps: of the checkpoints; empty for all.
  ///   - prompt: by its number.
  ///   - times: noise levels between 0 and 1, a row each.
  /// - Throws: `Failure` if there is no such checkpoint or prompt, or samples are not points of the plane.
  public init(_ run: FinishedRun, steps: [Int] = [], prompt: Int = 0, times: [Double]) throws {
    let existing = run.folder.checkpointSteps
    if let absent = steps.first(where: { !existing.contains($0) }) {
      throw Failure(.missing, at: run.folder.path, "no checkpoint of step \(absent); there are: \(existing)")
    }
    let backbone = run.backbone
    guard backbone.isPlanar else {
      throw Failure(
        .malformed, at: run.folder.path,
        "samples are \(backbone.medium) \(backbone.sampleShape); a field can be drawn only for points of the plane, [2]"
      )
    }
    guard backbone.prompts.indices.contains(prompt) else {
      let count = backbone.prompts.count
      throw Failure(.usage, at: "prompt \(prompt)", "there are \(count) prompts, 0 to \(count - 1)")
    }
    self.run = run
    self.steps = steps.isEmpty ? existing : Set(steps).sorted()
    components = try TrainingComponents(run.recipe)
    figure = try FieldFigure(run.recipe, components: components, prompt: prompt, times: times)
  }

  /// Writes step-N.png for each checkpoint, and animation.gif of more than one.
  ///
  /// - Parameters:
  ///   - folder: made if it does not exist.
  ///   - note: gets a line about a checkpoint that is left out because it is damaged, if there are others.
  ///   - progress: called with the number of checkpoints that are drawn, and the last one's step.
  /// - Throws: `Failure` if the folder cannot be written or the only checkpoint is damaged.
  public func write(
    to folder: String, _ gnuplot: Gnuplot, note: (String) -> Void, progress: (_ done: Int, _ step: Int) -> Void
  ) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Failure(.io, at: folder, "the folder cannot be made: \(error.localizedDescription)")
    }
    var figures = [Figure]()
    for (index, step) in steps.enumerated() {
      do {
        try Checkpoint.load(run.folder.checkpoint(step), into: components)
      } catch let error as Failure where steps.count > 1 {
        note("left out: \(error)")
        continue
      }
      let figure = try figure.figure(step: step)
      try AtomicFile.write(try gnuplot.png(figure), to: "\(folder)/step-\(step).png")
      figures.append(figure)
      progress(index + 1, step)
    }
    if figures.count > 1 { try AtomicFile.write(try gnuplot.gif(figures), to: "\(folder)/animation.gif") }
  }
}
