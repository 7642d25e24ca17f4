import Files
import Networks
import Tensors

/// What `fewstep train-teacher` trains: a many-step denoiser from nothing, on real data.
public struct TeacherRecipe {
  public let name: String
  public let seed: Int
  public let device: Device
  public let threads: Int?
  public let backbone: (PluginContext) throws -> any Backbone
  public let data: (PluginContext) throws -> any DataSource
  public let training: DenoiserTraining.Settings
  /// Where the averaged weights go (safetensors).
  public let output: String

  /// - Throws: `RecipeError` with all mistakes.
  public init(_ node: YAMLNode, catalog: Catalog) throws {
    let s = SettingsReader(node)
    let common = CommonSettings(s)
    (name, seed, device, threads) = (common.name, common.seed, common.device, common.threads)
    backbone = s.plugin("backbone", among: catalog.pretrainable, "The model family and its architecture.")
    data = s.plugin("data", among: catalog.data, "Real samples.")
    output = s.path("output", "Where the averaged weights go (safetensors).")
    let t = s.section("training")
    let steps = t.integer("steps", in: .steps, "Optimizer steps.")
    let role = OptimizationSettings(t, learningRate: 1e-3, betas: [0.9, 0.99])
    training = DenoiserTraining.Settings(
      steps: steps, batch: t.integer("batch", default: 64, in: .batch, "Samples of one step."),
      optimizer: role.optimizer, schedule: role.schedule(total: steps), gradientLimit: role.gradientLimit,
      decay: t.ema() ?? .constant(0.999), times: t.choice("times", default: .uniform, "How noise levels are drawn."),
      dropout: t.number(
        "dropout", default: 0.1, in: .closed(0, 1), "Share of samples that lose their condition, for guidance."))
    try s.finish()
  }
}

/// What `fewstep train-classifier` trains: a reward or an evaluation's features.
public struct ClassifierRecipe {
  public let name: String
  public let seed: Int
  public let device: Device
  public let threads: Int?
  public let classifier: (PluginContext) throws -> any TrainableClassifier
  public let data: (PluginContext) throws -> any DataSource
  /// Data that are not trained on, for the accuracy at the end.
  public let test: (PluginContext) throws -> any DataSource
  public let training: ClassifierTraining.Settings
  public let output: String

  /// - Throws: `RecipeError` with all mistakes.
  public init(_ node: YAMLNode, catalog: Catalog) throws {
    let s = SettingsReader(node)
    let common = CommonSettings(s)
    (name, seed, device, threads) = (common.name, common.seed, common.device, common.threads)
    classifier = s.plugin("classifier", among: catalog.classifiers, "The network.")
    data = s.plugin("data", among: catalog.data, "Real samples with classes.")
    test = s.plugin("test", among: catalog.data, "Samples that are not trained on.")
    output = s.path("output", "Where the weights go (safetensors).")
    let t = s.section("training")
    let steps = t.integer("steps", in: .steps, "Optimizer steps.")
    let role = OptimizationSettings(t, learningRate: 1e-3, betas: [0.9, 0.999])
    training = ClassifierTraining.Settings(
      steps: steps, batch: t.integer("batch", default: 64, in: .batch, "Samples of one step."),
      optimizer: role.optimizer, schedule: role.schedule(total: steps), gradientLimit: role.gradientLimit)
    try s.finish()
  }
}

/// What `fewstep train-autoencoder` trains: the way from images to latents and back.
public struct AutoencoderRecipe {
  public let name: String
  public let seed: Int
  public let device: Device
  public let threads: Int?
  public let autoencoder: (PluginContext) throws -> any TrainableAutoencoder
  public let data: (PluginContext) throws -> any DataSource
  /// Data that are not trained on, for the report at the end.
  public let test: (PluginContext) throws -> any DataSource
  public let training: AutoencoderTraining.Settings
  /// Where the averaged weights go (safetensors).
  public let output: String

  /// - Throws: `RecipeError` with all mistakes.
  public init(_ node: YAMLNode, catalog: Catalog) throws {
    let s = SettingsReader(node)
    let common = CommonSettings(s)
    (name, seed, device, threads) = (common.name, common.seed, common.device, common.threads)
    autoencoder = s.plugin("autoencoder", among: catalog.autoencoders, "The network.")
    data = s.plugin("data", among: catalog.data, "Real images.")
    test = s.plugin("test", among: catalog.data, "Images that are not trained on.")
    output = s.path("output", "Where the averaged weights go (safetensors), and the configuration beside them.")
    let t = s.section("training")
    let steps = t.integer("steps", in: .steps, "Optimizer steps.")
    let role = OptimizationSettings(t, learningRate: 1e-3, betas: [0.9, 0.99])
    training = AutoencoderTraining.Settings(
      steps: steps, batch: t.integer("batch", default: 64, in: .batch, "Samples of one step."),
      optimizer: role.optimizer, schedule: role.schedule(total: steps), gradientLimit: role.gradientLimit,
      decay: t.ema() ?? .constant(0.999),
      klWeight: t.number(
        "kl-weight", default: 1e-3, in: .nonNegative,
        "Weight of the latents' KL divergence from a standard normal distribution, beside mean |x - x̂|."))
    try s.finish()
  }
}
