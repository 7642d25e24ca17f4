import Fewstep
import Files
import Foundation

extension TrainingRun {
  /// Scores the student of a finished run, with its averaged weights if it has them, and writes evaluation.json. The first
  /// rank, which has the average, does this; all ranks call it and get its scores.
  ///
  /// - Parameter progress: called on the first rank with the name of the samples being made, the number that are done, and
  ///   the total. May throw to stop.
  public func evaluate(
    _ evaluation: ModelEvaluation, progress: (_ name: String, _ done: Int, _ total: Int) throws -> Void
  ) throws -> EvaluationResult {
    let collective = trainer.collective
    return try collective.aborting {
      try collective.fromFirst {
        let result = try trainer.withAveragedStudent {
          try evaluation.scores(student: trainer.components.student, steps: trainer.recipe.steps, progress: progress)
        }
        try AtomicFile.write(try JSONEncoder.pretty.encode(result), to: folder.evaluation)
        return result
      }
    }
  }

  /// Scores of the student as it is, with its averaged weights if it has them, for `Observer.evaluate`.
  public func smallScores(_ evaluation: ModelEvaluation) -> (_ progress: (Int, Int) -> Void) throws -> [(
    name: String, value: Double
  )] {
    { [trainer] progress in
      try trainer.withAveragedStudent {
        try evaluation.smallScores(
          student: trainer.components.student, steps: trainer.recipe.steps, progress: progress)
      }
    }
  }
}
