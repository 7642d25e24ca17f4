import Fewstep
import Files
import Networks
import Tensors

/// Stable Diffusion XL (Podell et al., arXiv 2307.01952) from a folder in diffusers' layout: the U-Net in three roles over
/// prepared prompts, and the autoencoder where pixels are asked for.
public final class SDXL: TextConditioned {
  /// What a recipe says of it.
  public struct Settings: Sendable {
    public var model: String
    public var variant: String?
    /// A folder of prepared prompts; nil knows none, and embeds texts as they come.
    public var prompts: String?
    /// Height and width of the pictures, in pixels.
    public var size: [Int]
    /// What the teacher is kept in, and what all roles compute in.
    public var precision: DType
    public var gradientCheckpointing: Bool
    public var tile: Int?

    public init(
      model: String, variant: String? = nil, prompts: String?, size: [Int] = [1024, 1024], precision: DType = .float32,
      gradientCheckpointing: Bool = false, tile: Int? = nil
    ) {
      self.model = model
      self.variant = variant
      self.prompts = prompts
      self.size = size
      self.precision = precision
      self.gradientCheckpointing = gradientCheckpointing
      self.tile = tile
    }
  }

  public let medium = Medium.images
  public let sampleShape: [Int]
  public let device: Device
  public let prompts: [String]
  public let featureShape: [Int]?
  public let metadata: [String: String]
  public let pipeline: SDXLPipeline
  private let settings: Settings
  private let embeddings: ShardFolder?
  private let unconditional: SDXLDenoiser.Unconditional
  /// Of new weights; nil takes the folder's.
  private let seed: Int?
  /// See `frozen()`.
  private var openFrozen: (network: UNet, parameters: ParameterStore)?

  /// - Parameter seed: of new weights for the U-Net; nil takes the folder's.
  /// - Throws: `Failure` naming file and key or tensor, where the folder is no SDXL or the prompts were embedded by
  ///   other encoders.
  public init(_ settings: Settings, seed: Int? = nil, on device: Device) throws {
    self.settings = settings
    self.seed = seed
    self.device = device
    pipeline = try SDXLPipeline(
      ModelSource(
        PipelineFolder(settings.model), variant: settings.variant, precision: settings.precision, on: device))
    let nothing: [String: Tensor]
    if let path = settings.prompts {
      let prepared = try ShardFolder(path, kind: "prompts")
      try refuse(path, prepared, unlike: pipeline.promptFingerprint())
      prompts = try prepared.texts("prompts")
      nothing = [
        "text": try prepared.shared("unconditional/text"), "pooled": try prepared.shared("unconditional/pooled"),
      ]
      embeddings = prepared
    } else {
      (prompts, embeddings) = ([], nil)
      nothing = try noGrad { [pipeline] in try pipeline.embedNothing() }
    }
    unconditional = SDXLDenoiser.Unconditional(
      text: try nothing["text"]!.to(device).to(.float32), pooled: try nothing["pooled"]!.to(device).to(.float32))
    let (unet, factor) = (pipeline.unet, pipeline.autoencoder.factor)
    guard settings.size.allSatisfy({ $0 % factor == 0 }) else {
      throw TensorError("sdxl", "height and width \(settings.size) must divide by \(factor), the autoencoder's factor")
    }
    let latent = settings.size.map { $0 / factor }
    sampleShape = [unet.inputChannels] + latent
    // Each level but the last halves the size, rounding up.
    let middle = latent.map { side in unet.levels.dropLast().reduce(side) { side, _ in (side + 1) / 2 } }
    featureShape = [unet.levels.last!.channels] + middle
    metadata = [
      "kind": "sdxl", "model": settings.model, "component": "unet",
      "config": JSONValue.object(pipeline.unetConfig).description,
    ].merging(settings.variant.map { ["variant": $0] } ?? [:]) { $1 }
  }

  /// The prompts' embeddings and the sizes that the network is told: originals of the wanted size, not cropped.
  public func condition(_ prompts: [Int]) throws -> Condition {
    guard let embeddings else { throw TensorError("sdxl", "there are no prepared prompts") }
    return try condition(
      prompts, text: embeddings.rows("text", prompts), pooled: embeddings.rows("pooled", prompts))
  }

  public func condition(prompts: [String]) throws -> Condition {
    let (tensors, _) = try noGrad { try pipeline.embed(prompts) }
    return try condition(Array(prompts.indices), text: tensors["text"]!, pooled: tensors["pooled"]!)
  }

  private func condition(_ prompts: [Int], text: Tensor, pooled: Tensor) throws -> Condition {
    let sizes = (settings.size + [0, 0] + settings.size).map(Float.init)
    return Condition(
      promptIDs: prompts,
      tensors: [
        "text": try text.to(device).to(.float32), "pooled": try pooled.to(device).to(.float32),
        "time-ids": try Tensor(prompts.flatMap { _ in sizes }, shape: [prompts.count, 6]).to(device),
      ])
  }

  public func teacher() throws -> any Teacher { role(try frozen()) }
  public func trainable(_ role: Role, adapters: Bool, seed: Int) throws -> any TrainableDenoiser {
    try adapters ? adaptable() : trainable()
  }

  public func unconditional(like condition: Condition) throws -> Condition {
    func spread(_ row: Tensor) throws -> Tensor {
      try row.expanded([condition.count] + Array(repeating: -1, count: row.rank - 1))
    }
    return Condition(
      promptIDs: condition.promptIDs,
      tensors: [
        "text": try spread(unconditional.text), "pooled": try spread(unconditional.pooled),
        "time-ids": try condition.tensor("time-ids"),
      ])
  }

  /// Decoded, in 0...1.
  public func pixels(_ samples: Tensor) throws -> Tensor? {
    try (pipeline.decode(samples, tile: settings.tile) * 0.5 + 0.5).clamped(0, 1)
  }

  /// The teacher, whose tensors adapted roles share; opened when the first of them is asked for.
  private func frozen() throws -> (network: UNet, parameters: ParameterStore) {
    if let openFrozen { return openFrozen }
    let made = try pipeline.network(settings.precision, seed: seed)
    try made.parameters.setTrainable(false)
    openFrozen = made
    return made
  }

  /// Weights of its own, in float32.
  private func trainable() throws -> SDXLDenoiser { role(try pipeline.network(.float32, seed: seed)) }

  private func adaptable() throws -> SDXLDenoiser {
    let store = ParameterStore(.shared(try frozen().parameters), dtype: settings.precision, device: device)
    return role((try UNet(store.root, pipeline.unet), store))
  }

  private func role(_ made: (network: UNet, parameters: ParameterStore)) -> SDXLDenoiser {
    SDXLDenoiser(
      made.network, made.parameters, schedule: pipeline.schedule, prediction: pipeline.prediction,
      precision: settings.precision == .float32 ? nil : settings.precision,
      gradientCheckpointing: settings.gradientCheckpointing)
  }
}
