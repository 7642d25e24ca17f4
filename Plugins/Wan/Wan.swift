import Encoders
import Fewstep
import Files
import Networks
import Tensors

/// Wan2.1 text-to-video (Wan team, arXiv 2503.20314), 1.3B or 14B, from a folder in diffusers' layout or in that of its authors.
public final class Wan: PretrainedModel {
  public static let name = "wan"
  public static let summary =
    "Wan2.1 text-to-video (arXiv 2503.20314), from a folder in diffusers' or in the authors' layout"
  public static let pipelineClass = "WanPipeline"
  public static let originalClass: String? = WanFolder.originalClass
  public static let otherClasses = [
    "WanImageToVideoPipeline": "Wan's image-to-video model, which also reads an image",
    "WanVACEPipeline": "Wan's VACE, for editing videos", "WanVideoToVideoPipeline": "a video-to-video pipeline of Wan",
  ]
  public static let defaultSize = MediaSize(height: 480, width: 832, frames: 81)
  public static let defaultGuidance = 5.0
  public static let defaultSteps = 50
  /// A batch of two does not fit beside a video's activations.
  public static let guidancePasses = Guidance.Passes.two

  public struct Settings: Sendable {
    var shift: Double?
    var negativePrompt = ""
    var maximumLength = WanConditioner.length
    var featureBlocks: [Int]?
    /// Where the recipe gives the blocks.
    var place = "feature-blocks"
  }

  public let source: ModelSource
  public let medium = Medium.videos(framesPerSecond: 16)
  public let schedule: any NoiseSchedule
  public var sampler: SamplerKind { scheduler.sampler }
  public let prediction = Prediction.flow
  public let transformer: WanTransformerConfiguration
  public let codec: any Codec
  public let conditioner: any TextConditioner
  public let conditionSizes: [String: Int]
  private let featureBlocks: [Int]
  private let scheduler: WanScheduler
  private let shift: Double
  private let autoencoder: Result<AutoencoderKLWan.Configuration, any Error>

  public static func settings(_ s: SettingsReader) -> Settings {
    var settings = Settings()
    settings.shift = s.optionalNumber(
      "shift", in: .positive, "How far times are moved towards noise; without it as the model's scheduler says.")
    settings.negativePrompt = s.string("negative-prompt", default: "", "The prompt that guidance leads away from.")
    settings.maximumLength = s.integer(
      "max-sequence-length", default: WanConditioner.length, in: .closed(1, Double(WanConditioner.length)),
      "Tokens of a prompt that are read, and rows of its embedding; Wan was trained with 512.")
    if s.has("feature-blocks") {
      let blocks = s.integers(
        "feature-blocks", in: .nonNegative,
        "The blocks, from 0 on, whose output a discriminator sees; without it those at a half, three quarters and the end."
      )
      settings.featureBlocks = s.isDescribing ? nil : blocks
    }
    settings.place = s.place(of: "feature-blocks")
    return settings
  }

  /// Reads configs, and no weights but the sizes of those that have no config.
  public init(_ source: ModelSource, _ settings: Settings) throws {
    let folder = try WanFolder(source.folder, variant: source.variant)
    self.source = source
    let config = try folder.transformerConfig()
    let transformer = try WanTransformerConfiguration(config)
    let autoencoder = try AbsentCodec.unlessMissing { try folder.autoencoderConfiguration() }
    (self.transformer, self.autoencoder) = (transformer, autoencoder)
    switch autoencoder {
    case .success(let configuration):
      codec = WanCodec(source, folder, configuration)
      guard transformer.inputChannels == configuration.latentChannels else {
        throw Failure(
          .malformed, at: config.path, "the transformer and the autoencoder do not belong together",
          expected: "\(configuration.latentChannels) channels, as the autoencoder has",
          got: "\(transformer.inputChannels)")
      }
    case .failure(let error): codec = AbsentCodec(error)
    }
    scheduler =
      folder.isOriginal
      ? .original : try WanScheduler(ModelConfig("\(source.folder.path)/scheduler/scheduler_config.json"))
    shift = settings.shift ?? scheduler.shift
    schedule = RectifiedFlow(shift: shift)
    guard transformer.inputChannels == transformer.outputChannels else {
      throw Failure(
        .malformed, at: config.path, "the transformer makes other channels than it reads",
        expected: "\(transformer.inputChannels)", got: "\(transformer.outputChannels)")
    }
    let blocks = settings.featureBlocks ?? Self.featureBlocks(of: transformer.layers)
    if blocks.isEmpty || blocks.contains(where: { $0 >= transformer.layers }) {
      throw Failure(
        .malformed, at: settings.place, expected: "blocks from 0 to \(transformer.layers - 1)", got: "\(blocks)")
    }
    featureBlocks = Array(Set(blocks)).sorted()
    conditioner = WanConditioner(
      source, folder, negativePrompt: settings.negativePrompt, length: settings.maximumLength)
    conditionSizes = ["n": settings.maximumLength]
  }

  public func samplingSchedule(for sampler: SamplerKind) throws -> any NoiseSchedule {
    try scheduler.schedule(for: sampler, shift: shift, at: source.folder.path)
  }

  /// Those that FastGen's discriminators of Wan see: of 30 blocks 15, 22 and 29.
  private static func featureBlocks(of count: Int) -> [Int] { [count / 2, count * 3 / 4, count - 1] }

  public func latentShape(of size: MediaSize) throws -> [Int] {
    let autoencoder = try autoencoder.get()
    let (time, space) = (autoencoder.timeFactor, autoencoder.factor)
    let frames = size.frames ?? 1
    guard frames % time == 1 % time else {
      let near = (frames - 1) / time * time + 1
      throw Failure(
        .malformed, at: "frames", expected: "1 + n · \(time) frames, such as \(near) or \(near + time)",
        got: "\(frames)")
    }
    let sides = [space * transformer.patch[1], space * transformer.patch[2]]
    guard size.height.isMultiple(of: sides[0]), size.width.isMultiple(of: sides[1]) else {
      throw Failure(
        .malformed, at: "size", expected: "height and width that are multiples of \(sides[0]) and \(sides[1])",
        got: "\(size)")
    }
    let shape = [1 + (frames - 1) / time, size.height / space, size.width / space]
    for (axis, patch) in zip(shape, transformer.patch) where axis / patch > transformer.maximumPositions {
      throw Failure(
        .malformed, at: "size", expected: "at most \(transformer.maximumPositions) patches along each axis",
        got: "\(axis / patch)")
    }
    return [transformer.inputChannels] + shape
  }

  public func featureShape(ofLatents shape: [Int]) -> [Int]? {
    [featureBlocks.count * transformer.width] + zip(shape.dropFirst(), transformer.patch).map(/)
  }

  public var denoiserInputs: [TensorInput] {
    let sides = zip(["f", "h", "w"], transformer.patch).map { TensorInput.Size.free($0, multipleOf: $1) }
    return [
      TensorInput("sample", "noisy latents", ["B", .fixed(transformer.inputChannels)] + sides),
      TensorInput("timestep", "1000 times the noise level", ["B"], takesIntegers: true),
      TensorInput("text", "embedded prompts, zeros after each one's end", ["B", "n", .fixed(transformer.textWidth)]),
    ]
  }

  public func denoiser(_ scope: Scope, studentSteps: Int?) throws -> any ConditionedNetwork {
    try WanTransformer(scope, transformer, featureBlocks: featureBlocks, studentSteps: studentSteps)
  }

  // MARK: Files

  public static func denoiserWeights(_ source: ModelSource) throws -> any WeightSource {
    try WanFolder(source.folder, variant: source.variant).transformer()
  }

  public static func denoiserConfig(_ folder: PipelineFolder) throws -> JSONValue {
    try WanTransformerConfiguration(WanFolder(folder, variant: nil).transformerConfig()).diffusersConfig
  }

  public static var exchange: ExchangeLayout {
    ExchangeLayout(
      component: "transformer",
      adapters: [
        "peft": .peft("transformer"),
        // ComfyUI and Wan's own code know the layers by the authors' names.
        "comfyui": AdapterFormat { adapter in
          let name = "diffusion_model." + WanNames.original(transformer: adapter.layer)
          return [("\(name).lora_A.weight", adapter.down), ("\(name).lora_B.weight", adapter.up)]
        },
      ],
      folders: [
        "original": ExchangeFolder(rename: WanNames.original(transformer:)) {
          try WanTransformerConfiguration(ModelConfig($0, path: "config.json")).originalConfig
        }
      ]
    ) { pipeline, steps, settings in
      try WanFewStepScheduler(
        steps: steps, shift: settings["shift"].flatMap(Double.init), size: Self.call(settings)
      ).write(into: pipeline)
    }
  }

  /// A recipe's size as arguments of diffusers' pipelines.
  private static func call(_ settings: [String: String]) -> String {
    let sides = (settings["size"] ?? "").split { !$0.isNumber }.map(String.init)
    let (height, width) = sides.count == 2 ? (sides[0], sides[1]) : ("\(defaultSize.height)", "\(defaultSize.width)")
    return "height=\(height), width=\(width), num_frames=\(settings["frames"] ?? "\(defaultSize.frames ?? 1)")"
  }

  public static func register(in catalog: inout Catalog) {
    catalog.add(Wan.self)
    catalog.autoencoders.append(UntrainedAutoencoder.plugin)
  }
}

extension WanTransformer: ConditionedNetwork {
  public func output(
    _ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool
  ) throws -> Tensor {
    try self(
      noisy, timestep, text: condition.tensor("text"), studentStep: condition.tensors[Condition.studentStep],
      gradientCheckpointing: gradientCheckpointing)
  }

  public func features(
    _ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool
  ) throws -> Tensor {
    try features(
      noisy, timestep, text: condition.tensor("text"), studentStep: condition.tensors[Condition.studentStep],
      gradientCheckpointing: gradientCheckpointing)
  }
}
