import ArgumentParser
import Fewstep
import Files
import Foundation
import Processes
import Tensors

struct TrainTeacher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-teacher", abstract: "Train a many-step teacher from nothing, on real data.",
    discussion: "Example:  fewstep train-teacher recipes/fashion-mnist/teacher.yaml --set training.steps=100")

  @Argument(help: "A teacher's recipe.") var recipe: String
  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE. May be repeated.") var overrides: [String] = []

  func run() throws {
    let recipe = try TeacherRecipe(
      Recipe.node(recipe, overrides: overrides), catalog: ProgramPlugins.catalog)
    let context = try pluginContext(recipe.device, recipe.threads, seed: recipe.seed)
    let backbone = try recipe.backbone(context)
    let model = try backbone.trainable(.student, adapters: false, seed: recipe.seed)
    // Data may be the backbone's own: latents of its autoencoder.
    let whole = PluginContext(device: recipe.device, seed: recipe.seed, backbone: backbone)
    let training = try DenoiserTraining(
      model, unconditional: backbone.unconditional, data: recipe.data(whole), settings: recipe.training,
      seed: recipe.seed)
    try trained(steps: recipe.training.steps, step: training.step) { path in
      try Safetensors.write(
        training.ema.state.map { ($0.name, try $0.tensor.detached()) }, metadata: backbone.metadata, to: path)
    } to: {
      recipe.output
    }
  }
}

struct TrainClassifier: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-classifier", abstract: "Train a classifier: a reward, or what an evaluation sees through.",
    discussion: "Example:  fewstep train-classifier recipes/fashion-mnist/reward.yaml")

  @Argument(help: "A classifier's recipe.") var recipe: String
  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE. May be repeated.") var overrides: [String] = []

  func run() throws {
    let recipe = try ClassifierRecipe(
      Recipe.node(recipe, overrides: overrides), catalog: ProgramPlugins.catalog)
    let context = try pluginContext(recipe.device, recipe.threads, seed: recipe.seed)
    let model = try recipe.classifier(context)
    let test = try recipe.test(context)
    let training = try ClassifierTraining(
      model, data: recipe.data(context), settings: recipe.training, seed: recipe.seed)
    try trained(steps: recipe.training.steps, step: training.step) { path in
      try Safetensors.write(
        model.parameters.state.map { ($0.name, try $0.tensor.detached()) }, metadata: model.metadata, to: path)
    } to: {
      recipe.output
    }
    print(
      "accuracy on \(test.count) samples that were not trained on: \(brief(try ClassifierTraining.accuracy(model, on: test)))"
    )
  }
}

struct TrainAutoencoder: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-autoencoder", abstract: "Train an autoencoder from nothing: images to latents and back.",
    discussion: """
      The factor that gives latents the deviation 1 is measured at the end, and written to the configuration beside the
      weights.

      Example:  fewstep train-autoencoder recipes/glyphs/autoencoder.yaml
      """)

  @Argument(help: "An autoencoder's recipe.") var recipe: String
  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE. May be repeated.") var overrides: [String] = []
  @Flag(help: "Print the report as JSON.") var json = false

  func run() throws {
    let recipe = try AutoencoderRecipe(
      Recipe.node(recipe, overrides: overrides), catalog: ProgramPlugins.catalog)
    let context = try pluginContext(recipe.device, recipe.threads, seed: recipe.seed)
    let model = try recipe.autoencoder(context)
    let test = try recipe.test(context)
    let training = try AutoencoderTraining(
      model, data: recipe.data(context), settings: recipe.training, seed: recipe.seed)
    try trained(steps: recipe.training.steps, step: training.step) { path in
      try Safetensors.write(
        training.ema.state.map { ($0.name, try $0.tensor.detached()) }, metadata: model.metadata, to: path)
    } to: {
      recipe.output
    }
    let report = try training.report(on: test)
    let (name, contents) = try model.configuration(scale: report.scale)
    let path = URL(fileURLWithPath: recipe.output).deletingLastPathComponent().appendingPathComponent(name).path
    try AtomicFile.write(contents, to: path)
    note("scale \(brief(report.scale)): \(path)")
    if json { return print(try JSONEncoder.prettyText(report)) }
    print(
      "on \(test.count) images that were not trained on: mean |x - x̂| \(brief(report.meanAbsoluteError)) of 2, "
        + "\(brief(report.psnr)) dB")
  }
}

/// What a recipe's plugins are made with.
///
/// - Throws: `Failure` where the device is not there.
private func pluginContext(_ device: Device, _ threads: Int?, seed: Int) throws -> PluginContext {
  if let threads { try Runtime.setThreads(threads) }
  try device.requirePresence("device")
  return PluginContext(device: device, seed: seed)
}

/// Steps with progress, then the weights; interrupted, they go beside the file they were meant for.
private func trained(
  steps: Int, step: (Int) throws -> (loss: Double, gradientNorm: Double), write: (String) throws -> Void,
  to output: () -> String
) throws {
  // Before an hour of training, not after it.
  let folder = URL(fileURLWithPath: output()).deletingLastPathComponent()
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  try AtomicFile.checkWritable(output())
  Signals.listen()
  let progress = Progress(total: steps)
  var average: Double?
  for index in 0..<steps {
    let (loss, norm) = try step(index)
    average = average.map { $0 + 0.02 * (loss - $0) } ?? loss
    progress.update(index + 1, "loss \(brief(average ?? loss))  gradient norm \(brief(norm))")
    if Signals.isRequested {
      progress.stop()
      let path = output() + ".interrupted"
      try write(path)
      throw Interrupted("stopped after step \(index + 1); the weights so far are in \(path)")
    }
  }
  try write(output())
  note("weights: \(output())")
}
