import Fewstep
import Media
import Tensors

/// Grids of a run's samples, always for the same prompts and from the same noise.
public struct RunSamples {
  private let trainer: Trainer
  private let generator: SampleGenerator
  private let grid: SampleGrid

  /// Samples of the trainer's models.
  public init(_ trainer: Trainer) {
    self.trainer = trainer
    generator = SampleGenerator(trainer.components.backbone, seed: trainer.recipe.evaluation?.seed ?? 1)
    grid = SampleGrid(trainer.components.backbone)
  }

  /// The student, with its averaged weights if it has them; nil if its samples cannot be drawn.
  public func student() throws -> PNGImage? {
    let promptIDs = generator.promptIDs(grid.count(rows: 5))
    return try grid.image([("student", student(promptIDs))], promptIDs: promptIDs)
  }

  /// The teacher, in the student's few steps, above the student; nil if samples cannot be drawn.
  public func teacherAndStudent() throws -> PNGImage? {
    let promptIDs = generator.promptIDs(grid.count(rows: 2))
    let teacher = try generator.teacherFewStep(
      trainer.components.teacher, steps: trainer.recipe.steps, guidance: trainer.recipe.matching.guidance,
      promptIDs: promptIDs)
    return try grid.image([("teacher", teacher), ("student", student(promptIDs))], promptIDs: promptIDs)
  }

  private func student(_ promptIDs: [Int]) throws -> Tensor {
    try trainer.withAveragedStudent {
      try generator.fewStep(trainer.components.student, steps: trainer.recipe.steps, promptIDs: promptIDs)
    }
  }
}
