import Fewstep
import Foundation
import Tensors

/// A run folder opened for looking at. Networks are opened as they are asked for: a model's may be large, and a command
/// seldom needs all of them.
struct FinishedRun {
  let folder: RunFolder
  let recipe: Recipe
  let backbone: any Backbone
  /// The checkpoint's.
  let step: Int

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
    self.step = chosen
    recipe = try Recipe.load(folder.recipe, overrides: overrides)
    backbone = try recipe.openedBackbone()
  }

  /// The student at the checkpoint, as it is sampled from, and the times that are stored with it.
  func student() throws -> (student: any Student, steps: [Double]) {
    let student = try recipe.newStudent(backbone)
    return (student, try Checkpoint.loadStudent(folder.checkpoint(step), into: student))
  }
}
