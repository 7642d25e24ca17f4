import Fewstep
import Foundation

/// A run folder opened for looking at: its recipe, its cast, and its student at a checkpoint.
struct FinishedRun {
  let folder: RunFolder
  let recipe: Recipe
  let cast: Cast
  /// The student's step list, from the checkpoint.
  let steps: [Double]

  /// - Parameters:
  ///   - step: which checkpoint; the last one by default.
  ///   - overrides: values of the recipe to replace, as `--set` takes them.
  init(_ path: String, step: Int? = nil, overrides: [String] = []) throws {
    folder = RunFolder(path)
    guard FileManager.default.fileExists(atPath: folder.recipe) else {
      throw CommandError(ExitCodes.missing, "\(path): not a run folder, there is no recipe.yaml in it")
    }
    let there = folder.checkpointSteps
    guard let chosen = step ?? there.last, there.contains(chosen) else {
      throw CommandError(
        ExitCodes.missing, "\(path): no checkpoint \(step.map { "of step \($0)" } ?? ""); there are: \(there)")
    }
    recipe = try Recipe.load(folder.recipe, overrides: overrides)
    cast = try Cast(recipe)
    steps = try Checkpoint.loadStudent(folder.checkpoint(chosen), into: cast.student)
  }
}
