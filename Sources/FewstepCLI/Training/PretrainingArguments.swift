import ArgumentParser
import Fewstep
import Files
import Foundation
import Processes
import Tensors

/// The arguments of all commands that train a network from scratch.
struct PretrainingArguments: ParsableArguments {
  @Argument(help: "The recipe, a YAML file.") var recipe: String
  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE. May be repeated.") var overrides: [String] = []

  /// Trains to the end of the recipe and writes the weights. After Ctrl-C they are written to OUTPUT.interrupted
  /// instead.
  func train<Task: PretrainingTask>(_ task: Task.Type) throws -> (
    recipe: PretrainingRecipe<Task>, training: Pretraining<Task>, test: (any DataSource)?
  ) {
    let recipe = try PretrainingRecipe<Task>(
      Recipe.node(recipe, overrides: overrides), catalog: ProgramPlugins.catalog)
    let (training, test) = try recipe.opened()
    // Checked before an hour of training, not after it.
    let folder = URL(fileURLWithPath: recipe.output).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try AtomicFile.checkWritable(recipe.output)
    Signals.listen()
    let progress = Progress(total: recipe.training.steps)
    var average: Double?
    let done = try training.run { done, loss, norm in
      average = average.map { $0 + 0.02 * (loss - $0) } ?? loss
      progress.update(done, "loss \(brief(average ?? loss))  gradient norm \(brief(norm))")
      return !Signals.isRequested
    }
    guard !Signals.isRequested else {
      progress.stop()
      let path = recipe.output + ".interrupted"
      try training.write(to: path)
      throw Interrupted("stopped after step \(done); the weights so far are in \(path)")
    }
    try training.write(to: recipe.output)
    note("weights: \(recipe.output)")
    return (recipe, training, test)
  }
}

extension Pretraining {
  fileprivate func write(to path: String) throws {
    try Safetensors.write(
      weights.map { ($0.name, try $0.tensor.detached()) }, metadata: task.metadata, to: path)
  }
}
