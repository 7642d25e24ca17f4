import Files
import Tensors

/// The recipe of `fewstep train-teacher`, `train-classifier` and `train-autoencoder`.
public struct PretrainingRecipe<Task: PretrainingTask> {
  public let name: String
  public let seed: Int
  public let device: Device
  public let threads: Int?
  /// Makes the network to train.
  public let product: (PluginContext) throws -> Task.Product
  public let data: (PluginContext) throws -> any DataSource
  /// Data for the report at the end, which are not trained on; nil if the task has none.
  public let test: ((PluginContext) throws -> any DataSource)?
  public let training: PretrainingSettings
  public let settings: Task.Settings
  /// The output path of the weights (safetensors).
  public let output: String

  /// - Throws: `RecipeError` with all mistakes.
  public init(_ node: YAMLNode, catalog: Catalog) throws {
    let (s, schema) = (SettingsReader(node, catalog), Task.schema)
    let common = CommonSettings(s)
    (name, seed, device, threads) = (common.name, common.seed, common.device, common.threads)
    product = s.plugin(schema.key, among: schema.plugins, schema.meaning)
    data = s.plugin("data", among: \.data, schema.data)
    test = schema.test.map { s.plugin("test", among: \.data, $0) }
    output = s.path("output", schema.output)
    let section = s.section("training")
    training = PretrainingSettings(section, betas: schema.betas, isAveraged: schema.isAveraged)
    settings = Task.settings(section)
    try s.finish()
  }

  /// Makes the network and opens the data.
  ///
  /// - Throws: `Failure` if the device is not available, and the plugins' errors.
  public func opened() throws -> (training: Pretraining<Task>, test: (any DataSource)?) {
    if let threads { try Runtime.setThreads(threads) }
    if let absence = device.absence { throw Failure(.malformed, at: "device", absence) }
    let context = PluginContext(device: device, seed: seed)
    let product = try product(context)
    // The data may depend on the backbone, such as latents of its autoencoder.
    let withBackbone = PluginContext(device: device, seed: seed, backbone: product as? any Backbone)
    let test = try test?(withBackbone)
    let task = try Task(product, settings, seed: seed)
    return (try Pretraining(task, data: data(withBackbone), settings: training, seed: seed), test)
  }
}

public typealias TeacherRecipe = PretrainingRecipe<DenoiserTask>
public typealias ClassifierRecipe = PretrainingRecipe<ClassifierTask>
public typealias AutoencoderRecipe = PretrainingRecipe<AutoencoderTask>
