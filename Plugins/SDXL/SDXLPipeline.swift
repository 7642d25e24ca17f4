import Encoders
import Fewstep
import Files
import Networks
import Tensors

/// The parts of an SDXL folder, each opened when it is first asked for.
public final class SDXLPipeline: ModelPipeline {
  public static let className = "StableDiffusionXLPipeline"

  public let folder: PipelineFolder
  public let unet: UNetConfiguration
  /// All of the U-Net's config.json.
  public let unetConfig: [String: JSONValue]
  public let autoencoder: AutoencoderKL.Configuration
  public let schedule: DiscreteVP
  public let prediction: Prediction
  private let variant: String?
  private let precision: DType
  private let device: Device

  private var openUNet: UNet?
  private var openAutoencoder: AutoencoderKL?
  private var openEncoders: TextEncoders?

  /// Reads the configs of the U-Net, the autoencoder and the schedule, and no weights.
  ///
  /// - Throws: `Failure` naming the file and the key that is not SDXL's, or not implemented.
  public init(_ source: ModelSource) throws {
    folder = source.folder
    variant = source.variant
    precision = source.precision
    device = source.device
    guard folder.className == Self.className else {
      throw Failure(
        .malformed, at: "\(folder.path)/model_index.json: _class_name", expected: Self.className, got: folder.className)
    }
    let unetConfig = try ModelConfig("\(folder.component("unet", "UNet2DConditionModel"))/config.json")
    self.unetConfig = unetConfig.values
    unet = try UNetConfiguration(unetConfig)
    autoencoder = try AutoencoderKL.Configuration(
      ModelConfig("\(folder.component("vae", "AutoencoderKL"))/config.json"))
    (schedule, prediction) = try DiscreteVP.reading(ModelConfig("\(folder.path)/scheduler/scheduler_config.json"))
  }

  // MARK: The U-Net

  /// The U-Net with parameters of its own: the folder's, or new ones by a seed.
  ///
  /// - Throws: `Failure` naming the file and the tensor that does not fit the config.
  public func network(_ dtype: DType, seed: Int? = nil) throws -> (network: UNet, parameters: ParameterStore) {
    if let seed {
      let store = ParameterStore(.random(seed: seed), dtype: dtype, device: device)
      return (try UNet(store.root, unet), store)
    }
    let weights = try weights("unet")
    let store = ParameterStore(weights.parameters, dtype: dtype, device: device)
    return (try weights.network(in: store) { try UNet($0, unet) }, store)
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

  public func denoise(_ inputs: [String: Tensor]) throws -> Tensor {
    func input(_ name: String) throws -> Tensor {
      guard let tensor = inputs[name] else { throw TensorError("denoise", "the input '\(name)' is missing") }
      return tensor
    }
    let network = try openUNet ?? network(precision).network
    openUNet = network
    return try network(
      input("sample"), input("timestep"), text: input("text"), pooled: input("pooled"), timeIDs: input("time-ids")
    ).to(.float32)
  }

  // MARK: The autoencoder

  public var encoderInput: TensorInput {
    let factor = autoencoder.factor
    return TensorInput(
      "pixels", "pixels in -1...1",
      ["B", .fixed(autoencoder.imageChannels), .free("h", multipleOf: factor), .free("w", multipleOf: factor)])
  }

  public var decoderInput: TensorInput {
    TensorInput(
      "latents", "latents, scaled as the denoiser sees them", ["B", .fixed(autoencoder.latentChannels), "h", "w"])
  }

  public func encode(_ pixels: Tensor) throws -> Tensor {
    let network = try decoder()
    return try network.scaled(network.encode(pixels).mean).to(.float32)
  }

  public func decode(_ latents: Tensor, tile: Int?) throws -> Tensor {
    let network = try decoder()
    return try network.decode(network.unscaled(latents), tile: tile).to(.float32)
  }

  private func decoder() throws -> AutoencoderKL {
    let network = try openAutoencoder ?? AutoencoderKL(weights("vae"), autoencoder, dtype: precision, on: device)
    openAutoencoder = network
    return network
  }

  // MARK: The text encoders

  public func embed(_ texts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    let (text, pooled, cutOff) = try encoders()(texts)
    return (["text": text, "pooled": pooled], cutOff)
  }

  public func embedNothing() throws -> [String: Tensor] {
    let (text, pooled) = try encoders().nothing()
    return ["text": text, "pooled": pooled]
  }

  public func describe(_ picture: ImageFrame) -> [String: [Float]] {
    let numbers = [
      picture.originalHeight, picture.originalWidth, picture.cropTop, picture.cropLeft, picture.height, picture.width,
    ]
    return ["time-ids": numbers.map(Float.init)]
  }

  private func encoders() throws -> TextEncoders {
    let opened = try openEncoders ?? TextEncoders(folder, variant: variant, dtype: precision, on: device)
    openEncoders = opened
    return opened
  }

  // MARK: Fingerprints

  public func promptFingerprint() throws -> Fingerprint {
    try TextEncoders.fingerprint(folder, variant: variant)
  }

  public func imageFingerprint() throws -> Fingerprint {
    ["vae": hash("\(try weights("vae").digest()) \(autoencoder)"), "scaling_factor": "\(autoencoder.scale)"]
  }

  private func weights(_ component: String) throws -> any WeightSource {
    try Weights.open(folder: "\(folder.path)/\(component)", stem: "diffusion_pytorch_model", variant: variant)
  }
}
