import Encoders
import Fewstep
import Files
import Networks
import Tensors

/// Stable Diffusion XL (Podell et al., arXiv 2307.01952) from a folder in diffusers' layout.
public final class SDXL: PretrainedModel {
  public static let name = "sdxl"
  public static let summary = "Stable Diffusion XL (arXiv 2307.01952) from a folder in diffusers' layout"
  public static let pipelineClass = "StableDiffusionXLPipeline"
  public static let defaultSize = MediaSize(height: 1024, width: 1024)
  public static let defaultGuidance = 5.0
  public static let defaultSteps = 30

  public let source: ModelSource
  public let medium = Medium.images
  public let schedule: any NoiseSchedule
  public let prediction: Prediction
  public let unet: UNetConfiguration
  public let codec: any Codec
  public let conditioner: any TextConditioner
  private let autoencoder: Result<AutoencoderKL.Configuration, any Error>

  /// Reads the configs of the U-Net, the autoencoder and the schedule, and no weights.
  public init(_ source: ModelSource, _ settings: Void = ()) throws {
    let folder = source.folder
    guard folder.className == Self.pipelineClass else {
      throw Failure(
        .malformed, at: "\(folder.path)/model_index.json: _class_name", expected: Self.pipelineClass,
        got: folder.className)
    }
    self.source = source
    unet = try UNetConfiguration(ModelConfig("\(folder.component("unet", "UNet2DConditionModel"))/config.json"))
    autoencoder = try AbsentCodec.unlessMissing {
      try AutoencoderKL.Configuration(ModelConfig("\(folder.component("vae", "AutoencoderKL"))/config.json"))
    }
    (schedule, prediction) = try DiscreteVP.reading(ModelConfig("\(folder.path)/scheduler/scheduler_config.json"))
    codec =
      switch autoencoder {
      case .success(let configuration): AutoencoderCodec(source, configuration)
      case .failure(let error): AbsentCodec(error)
      }
    conditioner = CLIPConditioner(source)
  }

  public func latentShape(of size: MediaSize) throws -> [Int] {
    let factor = try autoencoder.get().factor
    guard size.height.isMultiple(of: factor), size.width.isMultiple(of: factor) else {
      throw Failure(
        .malformed, at: "size", expected: "height and width that are multiples of \(factor), the autoencoder's factor",
        got: "\(size)")
    }
    return [unet.inputChannels, size.height / factor, size.width / factor]
  }

  /// The shape of the middle block's features. Each level but the last halves the size, rounding up.
  public func featureShape(ofLatents shape: [Int]) -> [Int]? {
    [unet.levels[unet.levels.count - 1].channels]
      + shape.dropFirst().map { side in unet.levels.dropLast().reduce(side) { side, _ in (side + 1) / 2 } }
  }

  public var denoiserInputs: [TensorInput] {
    [
      TensorInput("sample", "noisy latents", ["B", .fixed(unet.inputChannels), "h", "w"]),
      TensorInput("timestep", "steps of the schedule", ["B"], takesIntegers: true),
      TensorInput("text", "embedded prompts", ["B", "n", .fixed(unet.textWidth)]),
      TensorInput("pooled", "pooled prompts", ["B", .fixed(unet.pooledWidth)]),
      TensorInput(
        "time-ids", "original height and width, crop top and left, target height and width",
        ["B", .fixed(UNetConfiguration.sizeCount)], takesIntegers: true),
    ]
  }

  /// CLIP reads 77 tokens.
  public var conditionSizes: [String: Int] { ["n": 77] }

  public func denoiser(_ scope: Scope, studentSteps: Int?) throws -> any ConditionedNetwork {
    try UNet(scope, unet, studentSteps: studentSteps)
  }

  public func geometry(_ frame: MediaFrame) -> [String: [Float]] {
    let numbers = [
      frame.original.height, frame.original.width, frame.cropTop, frame.cropLeft, frame.size.height, frame.size.width,
    ]
    return ["time-ids": numbers.map(Float.init)]
  }

  /// kohya's scripts adapt only the layers of blocks, and loaders know no other names.
  public static var exchange: ExchangeLayout {
    ExchangeLayout(
      component: "unet",
      adapters: ["peft": .peft("unet"), "kohya": .kohya("lora_unet") { $0.contains("block") }]
    ) { pipeline, steps, _ in try FewStepScheduler(steps: steps).write(into: pipeline) }
  }

  public static func register(in catalog: inout Catalog) {
    catalog.add(SDXL.self)
    catalog.autoencoders.append(UntrainedAutoencoder.plugin)
  }
}

extension UNet: ConditionedNetwork {
  public func output(
    _ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool
  ) throws -> Tensor {
    try self(
      noisy, timestep, text: condition.tensor("text"), pooled: condition.tensor("pooled"),
      timeIDs: condition.tensor("time-ids"), studentStep: condition.tensors[Condition.studentStep],
      gradientCheckpointing: gradientCheckpointing)
  }

  /// The middle block's features, [B, C, h, w].
  public func features(
    _ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool
  ) throws -> Tensor {
    try middle(
      noisy, timestep, text: condition.tensor("text"), pooled: condition.tensor("pooled"),
      timeIDs: condition.tensor("time-ids"), studentStep: condition.tensors[Condition.studentStep],
      gradientCheckpointing: gradientCheckpointing)
  }
}
