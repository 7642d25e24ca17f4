import ArgumentParser
import Fewstep
import Tensors

/// A recipe on the command line.
struct RecipeArguments: ParsableArguments {
  @Argument(help: "The recipe: a YAML file, or a shipped one's name. `fewstep recipes` lists those.")
  var recipe: String

  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE, such as training.steps=100. May be repeated.")
  var overrides: [String] = []

  func load() throws -> Recipe { try Recipe.load(recipe, overrides: overrides) }

  /// The recipe on the device of one of several processes.
  func load(in place: DistributedEnvironment?) throws -> Recipe {
    let recipe = try load()
    guard let place else { return recipe }
    let device = try place.device(
      recipe.device, named: recipe.resolved.leaves["device"] ?? "", visible: Device.cudaCount)
    return try device == recipe.device ? recipe : Recipe.load(self.recipe, overrides: overrides, on: device)
  }
}

extension Recipe {
  /// Reads a recipe for a command. The recipe may name all plugins of this process.
  static func load(_ path: String, overrides: [String] = [], on device: Device? = nil) throws -> Recipe {
    try withPluginAdvice(path) { try load(path, overrides: overrides, catalog: ProgramPlugins.catalog, on: device) }
  }
}

extension FinishedRun {
  /// Opens a run for a command.
  init(_ path: String, step: Int? = nil, overrides: [String] = []) throws {
    self = try withPluginAdvice(RunFolder(path).recipe) {
      try FinishedRun(path, step: step, overrides: overrides, catalog: ProgramPlugins.catalog)
    }
  }
}

/// Reads a recipe. If it is invalid and its run used plugins from files that are missing now, the error names them.
private func withPluginAdvice<Value>(_ recipe: String, _ read: () throws -> Value) throws -> Value {
  do { return try read() } catch var error as RecipeError {
    let missing = Recipe.pluginFiles(notedIn: recipe).filter { !ProgramPlugins.catalog.files.contains($0) }
    if !missing.isEmpty {
      let options = missing.map { "--plugin \($0)" }.joined(separator: " ")
      error.advice = "The run used plugins from files: add \(options)."
    }
    throw error
  }
}
