import Fewstep
import Media
import Tensors

/// Grids of a run's samples, always for the same prompts and from the same noise. They are made as many at a time as
/// training makes them.
public struct RunSamples {
  private let trainer: Trainer
  private let generator: SampleGenerator
  private let grid: SampleGrid
  private let count: Int

  /// Samples of the trainer's models.
  public init(_ trainer: Trainer) {
    self.trainer = trainer
    let (recipe, backbone) = (trainer.recipe, trainer.components.backbone)
    // No more than an update makes, so that a grid never costs more.
    let count = recipe.output.samples ?? (backbone.isPlanar ? 1000 : min(50, recipe.training.batch))
    self.count = count
    generator = SampleGenerator(
      backbone, seed: recipe.evaluation?.seed ?? 1,
      batch: backbone.medium == .points ? max(1, count) : recipe.training.microBatchSize)
    grid = SampleGrid(backbone, columns: max(1, min(10, count)), batch: recipe.training.microBatchSize)
  }

  /// The student, with its averaged weights if it has them; nil if its samples cannot be drawn.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  public func student(_ progress: (Int, Int) -> Void = { _, _ in }) throws -> PNGImage? {
    guard count > 0 else { return nil }
    let promptIDs = generator.promptIDs(count)
    return try grid.image([("student", student(promptIDs) { progress($0, count) })], promptIDs: promptIDs)
  }

  /// The teacher, in the student's few steps, above the student; nil if samples cannot be drawn.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  public func teacherAndStudent(_ progress: (Int, Int) -> Void = { _, _ in }) throws -> PNGImage? {
    guard count > 0 else { return nil }
    let promptIDs = generator.promptIDs(trainer.components.backbone.isPlanar ? count : min(20, count))
    let total = 2 * promptIDs.count
    let teacher = try generator.teacherFewStep(
      trainer.components.teacher, steps: trainer.recipe.steps, guidance: trainer.recipe.matching.guidance,
      promptIDs: promptIDs
    ) { progress($0, total) }
    let student = try student(promptIDs) { progress(promptIDs.count + $0, total) }
    return try grid.image([("teacher", teacher), ("student", student)], promptIDs: promptIDs)
  }

  private func student(_ promptIDs: [Int], _ progress: (Int) -> Void) throws -> Tensor {
    try trainer.withAveragedStudent {
      try generator.fewStep(
        trainer.components.student, steps: trainer.recipe.steps, promptIDs: promptIDs, progress: progress)
    }
  }
}
