import Foundation
import Tensors

/// A run folder opened for reading. Networks are opened on demand, since they may be large and few callers need all.
public struct FinishedRun {
  public let folder: RunFolder
  public let recipe: Recipe
  public let backbone: any Backbone
  /// The step of the checkpoint.
  public let step: Int

  /// - Parameters:
  ///   - step: the checkpoint; by default the best one if the run keeps it, otherwise the last.
  ///   - overrides: values of the recipe to replace, as for `--set`.
  /// - Throws: `Failure` if the folder holds no run or no such checkpoint; errors of the recipe and the model's files.
  public init(_ path: String, step: Int? = nil, overrides: [String] = [], catalog: Catalog) throws {
    folder = try RunFolder(existing: path)
    let steps = folder.checkpointSteps
    guard let chosen = try step ?? folder.defaultStep, steps.contains(chosen) else {
      throw Failure(
        .missing, at: path, step.map { "there is no checkpoint of step \($0)" } ?? "there is no checkpoint",
        advice: steps.isEmpty ? nil : "There are checkpoints of steps \(steps).")
    }
    self.step = chosen
    recipe = try Recipe.load(folder.recipe, overrides: overrides, catalog: catalog)
    backbone = try recipe.openedBackbone()
  }

  /// The checkpoint's student with the weights for sampling, and its times.
  public func student() throws -> (student: any Student, steps: [Double]) {
    let student = try recipe.newStudent(backbone)
    return (student, try Checkpoint.loadStudent(folder.checkpoint(step), into: student))
  }
}

extension RunFolder {
  /// The folder of a run that was started.
  ///
  /// - Throws: `Failure` if it contains no recipe.yaml.
  public init(existing path: String) throws {
    self.init(path)
    guard FileManager.default.fileExists(atPath: recipe) else {
      throw Failure(.missing, at: path, "not a run folder, there is no recipe.yaml in it")
    }
  }
}
