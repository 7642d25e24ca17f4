import Files
import Networks
import Tensors

/// A family of pretrained text-to-image or text-to-video models in diffusers' folder layout. A family defines only the
/// differences: `PretrainedBackbone` turns it into roles, conditions, guidance and pixels, and `Catalog.add` registers
/// it for all commands.
///
/// Its initializer reads configs and no weights: networks are made on first use.
public protocol PretrainedModel: AnyObject {
  /// What the family's own settings say, such as a flow's shift or a negative prompt; `Void` if it has none.
  associatedtype Settings = Void

  /// Its name in recipes: "sdxl".
  static var name: String { get }
  /// One line that cites the paper.
  static var summary: String { get }
  /// The class in model_index.json: "StableDiffusionXLPipeline".
  static var pipelineClass: String { get }
  /// The class that the config.json of a folder in the authors' own layout names; nil if there is no such layout.
  static var originalClass: String? { get }
  /// Classes of models that are easily taken for this one, with what each is.
  static var otherClasses: [String: String] { get }
  /// The default size of samples.
  static var defaultSize: MediaSize { get }
  /// The default ω and number of steps of the teacher's sampler.
  static var defaultGuidance: Double { get }
  static var defaultSteps: Int { get }
  /// How the teacher is guided where no recipe says it: in two passes if a batch of twice the size is too large.
  static var guidancePasses: Guidance.Passes { get }
  /// The layout in which students are written for other programs.
  static var exchange: ExchangeLayout { get }

  /// Reads the family's own settings from the recipe's `backbone` section, next to those that all families have (see
  /// `PretrainedBackbone.Settings`). Each needs a default: commands that take a model's folder use the defaults.
  static func settings(_ s: SettingsReader) -> Settings

  /// - Throws: `Failure` naming the file, and the key in it that this family does not have or does not implement.
  init(_ source: ModelSource, _ settings: Settings) throws

  var source: ModelSource { get }
  var schedule: any NoiseSchedule { get }
  /// The schedule of a many-step sampler, with the levels and the timesteps that it has in the program which the folder comes from.
  ///
  /// - Throws: `Failure` if the folder holds a few-step student, which such samplers cannot sample.
  func samplingSchedule(for sampler: SamplerKind) throws -> any NoiseSchedule
  /// The many-step sampler that the model was published with.
  var sampler: SamplerKind { get }
  var prediction: Prediction { get }
  var medium: Medium { get }

  /// The shape of a sample's latents, without the batch.
  ///
  /// - Throws: `Failure` if samples cannot have this size.
  func latentShape(of size: MediaSize) throws -> [Int]
  /// The shape of `ConditionedNetwork.features`, without the batch; nil if there are none.
  func featureShape(ofLatents shape: [Int]) -> [Int]?

  /// The denoiser's inputs: "sample" and "timestep", then those of the condition.
  var denoiserInputs: [TensorInput] { get }
  /// The sizes of the condition's free dimensions by name, such as a text's number of tokens: for plans, which have no prompts.
  var conditionSizes: [String: Int] { get }
  /// The denoising network over a scope that holds the weights.
  ///
  /// - Parameter studentSteps: tells the network which of so many steps made a sample, see `Backbone.trainable`; nil does not.
  func denoiser(_ scope: Scope, studentSteps: Int?) throws -> any ConditionedNetwork
  /// The denoiser's weights, in diffusers' names.
  ///
  /// - Throws: `Failure` if there are none.
  static func denoiserWeights(_ source: ModelSource) throws -> any WeightSource
  /// The denoiser's config.json, as diffusers has it.
  static func denoiserConfig(_ folder: PipelineFolder) throws -> JSONValue
  var codec: any Codec { get }
  var conditioner: any TextConditioner { get }
  /// The denoiser's inputs for how a sample was cropped from its original, by name, each without the batch.
  func geometry(_ frame: MediaFrame) -> [String: [Float]]
}

extension PretrainedModel where Settings == Void {
  public static func settings(_ s: SettingsReader) {}
}

extension PretrainedModel {
  /// Opens models with the family's own settings as a recipe's section gives them.
  public static func opening(_ s: SettingsReader) -> (ModelSource) throws -> any PretrainedModel {
    let settings = settings(s)
    return { try Self($0, settings) }
  }

  /// Opens models with the defaults of the family's own settings.
  public static var openingWithDefaults: (ModelSource) throws -> any PretrainedModel { opening(.describing()) }

  public static var originalClass: String? { nil }
  public static var otherClasses: [String: String] { [:] }
  public static var guidancePasses: Guidance.Passes { .one }
  public func samplingSchedule(for sampler: SamplerKind) throws -> any NoiseSchedule { schedule }
  public var sampler: SamplerKind { .ddim }
  public var conditionSizes: [String: Int] { [:] }
  public func geometry(_ frame: MediaFrame) -> [String: [Float]] { [:] }
  public func featureShape(ofLatents shape: [Int]) -> [Int]? { nil }

  public static func denoiserWeights(_ source: ModelSource) throws -> any WeightSource {
    try source.weights(exchange.component)
  }

  public static func denoiserConfig(_ folder: PipelineFolder) throws -> JSONValue {
    try JSONValue.read("\(folder.path)/\(exchange.component)/config.json")
  }

  /// The denoising network with its own parameters.
  ///
  /// - Parameters:
  ///   - studentSteps: as for `denoiser`.
  ///   - seed: the seed of random weights; nil uses the folder's weights.
  /// - Throws: `Failure` naming the file and the tensor that does not fit the config.
  public func openDenoiser(_ dtype: DType, studentSteps: Int? = nil, seed: Int? = nil) throws -> (
    network: any ConditionedNetwork, parameters: ParameterStore
  ) {
    if let seed {
      let store = ParameterStore(.random(seed: seed), dtype: dtype, device: source.device)
      return (try denoiser(store.root, studentSteps: studentSteps), store)
    }
    let weights: any WeightSource =
      source.device == .meta ? UnreadWeights(source.folder.path) : try Self.denoiserWeights(source)
    let store = ParameterStore(weights.parameters, dtype: dtype, device: source.device)
    return (try weights.network(in: store) { try denoiser($0, studentSteps: studentSteps) }, store)
  }

  /// One forward pass of the denoising network: its raw output, in float32.
  ///
  /// - Parameter inputs: by name, as `denoiserInputs` lists them.
  public func denoise(_ inputs: [String: Tensor]) throws -> Tensor {
    let condition = Condition(promptIDs: [], tensors: inputs)
    return try openDenoiser(source.precision).network.output(
      condition.tensor("sample"), condition.tensor("timestep"), given: condition, gradientCheckpointing: false
    ).to(.float32)
  }
}
