import Foundation
import Networks
import Storage
import Tensors

/// The autoencoder between images and the latents that SDXL works on (Rombach et al., arXiv 2112.10752): diffusers'
/// AutoencoderKL, with its parameter names.
///
/// Images are [B, 3, H, W] in [-1, 1]; latents [B, C, H/f, W/f], as the encoder has them unless "scaled" is said.
public final class AutoencoderKL {
  public let configuration: Configuration
  /// Gradient checkpointing (Chen et al., arXiv 1604.06174): the levels' activations are computed again in backward.
  public var recomputes = false
  private let encoder: Encoder
  private let decoder: Decoder
  private let momentConvolution: Convolution?
  private let latentConvolution: Convolution?
  private let store: ParameterStore

  public init(_ store: ParameterStore, _ configuration: Configuration) throws {
    self.store = store
    self.configuration = configuration
    let c = configuration
    encoder = try Encoder(store.root / "encoder", c)
    decoder = try Decoder(store.root / "decoder", c)
    momentConvolution =
      c.convolvesMoments
      ? try Convolution(store.root / "quant_conv", 2 * c.latentChannels, 2 * c.latentChannels, kernel: 1) : nil
    latentConvolution =
      c.convolvesLatents
      ? try Convolution(store.root / "post_quant_conv", c.latentChannels, c.latentChannels, kernel: 1) : nil
  }

  /// - Parameters:
  ///   - folder: with config.json.
  ///   - dtype: float16 becomes float32 in models that overflow in it (`force_upcast`).
  /// - Throws: `StorageError` or `ParameterError` naming what cannot be obeyed or is missing.
  public convenience init(
    _ folder: String, weights: any WeightSource, dtype: DType = .float32, device: Device = .cpu
  ) throws {
    let configuration = try Configuration(ModelConfig("\(folder)/config.json"))
    let safe = dtype == .float16 && configuration.needsFloat32 ? .float32 : dtype
    try self.init(ParameterStore(Self.values(in: weights), dtype: safe, device: device), configuration)
  }

  public var parameters: [Parameter] { store.all }

  /// Where a store finds the parameters in a checkpoint, the attention's old names (`query`, `key`, `value`, `proj_attn`)
  /// and their shape as 1x1 convolutions included.
  public static func values(in weights: any WeightSource) -> ParameterStore.Source {
    let old = ["to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"]
    return .checkpoint { name in
      let alias = old.first { name.contains(".\($0.key).") }.map {
        name.replacingOccurrences(of: ".\($0.key).", with: ".\($0.value).")
      }
      guard let found = [name, alias ?? name].first(where: weights.contains) else { return nil }
      let tensor = try weights.tensor(found)
      let isConvolution = alias != nil && tensor.shape.dropFirst(2) == [1, 1]
      return isConvolution ? try tensor.reshaped(Array(tensor.shape.prefix(2))) : tensor
    }
  }

  // MARK: Images to latents

  /// A normal distribution of latents: [B, C, H/f, W/f] each.
  public struct Posterior {
    public var mean: Tensor
    public var logVariance: Tensor

    /// The latents that these standard normal numbers stand for.
    public func sample(_ noise: Tensor) throws -> Tensor { try mean + exp(logVariance * 0.5) * noise }
  }

  /// - Throws: `AutoencoderError` where sides are no multiples of the factor.
  public func encode(_ images: Tensor) throws -> Posterior {
    try check(images, channels: configuration.imageChannels, multiple: configuration.factor, "images")
    let features = try encoder(images.to(dtype), recomputes)
    let moments = try (momentConvolution?(features) ?? features).chunked(2, 1)
    return Posterior(mean: moments[0], logVariance: try moments[1].clamped(-30, 20))
  }

  /// Latents as the diffusion model has them: (latents - mean) · scale / deviation.
  public func scaled(_ latents: Tensor) throws -> Tensor {
    let centred = try channelwise(configuration.mean).map { try latents - $0 } ?? latents
    let raw = try centred * configuration.scale
    return try channelwise(configuration.deviation).map { try raw / $0 } ?? raw
  }

  // MARK: Latents to images

  /// The inverse of `scaled`.
  public func unscaled(_ latents: Tensor) throws -> Tensor {
    let spread = try channelwise(configuration.deviation).map { try latents * $0 } ?? latents
    let raw = try spread * (1 / configuration.scale)
    return try channelwise(configuration.mean).map { try raw + $0 } ?? raw
  }

  /// The images that latents stand for; differentiable.
  ///
  /// - Parameter tile: where latents are larger than a tile of this side, in pixels, they are decoded in tiles, see
  ///   `tiled`.
  public func decode(_ latents: Tensor, tile: Int? = nil) throws -> Tensor {
    try check(latents, channels: configuration.latentChannels, multiple: 1, "latents")
    let latents = try latents.to(dtype)
    guard let tile, max(latents.shape[2], latents.shape[3]) > tile / configuration.factor else {
      return try whole(latents)
    }
    return try tiled(latents, tile)
  }

  /// Decodes in one piece.
  func whole(_ latents: Tensor) throws -> Tensor {
    try decoder(latentConvolution?(latents) ?? latents, recomputes)
  }

  // MARK: What goes in

  private var dtype: DType { store.dtype }

  private func check(_ x: Tensor, channels: Int, multiple: Int, _ what: String) throws {
    let isRight =
      x.rank == 4 && x.shape[1] == channels && x.shape[2...].allSatisfy { $0 > 0 && $0.isMultiple(of: multiple) }
    guard isRight else {
      let sides = multiple == 1 ? "" : " with sides that are multiples of \(multiple)"
      throw AutoencoderError("expected \(what) [B, \(channels), H, W]\(sides), got \(x.summary)")
    }
  }

  /// [C, 1, 1]: one number a latent channel.
  private func channelwise(_ values: [Double]?) throws -> Tensor? {
    try values.map { try Tensor($0, shape: [$0.count, 1, 1]).to(dtype).to(store.device) }
  }
}
