import Fewstep
import Files
import Networks
import Tensors

/// The autoencoder between images and SDXL's latents (Rombach et al., arXiv 2112.10752): diffusers' AutoencoderKL, with
/// its parameter names.
///
/// Images are [B, 3, H, W] in [-1, 1]; latents are [B, C, H/f, W/f] straight from the encoder unless a comment says
/// "scaled".
public final class AutoencoderKL {
  public let configuration: Configuration
  /// Gradient checkpointing (Chen et al., arXiv 1604.06174): the levels' activations are recomputed in the backward
  /// pass.
  public var gradientCheckpointing = false
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

  /// A frozen autoencoder with a checkpoint's weights. The attention's old names (`query`, `key`, `value`, `proj_attn`)
  /// and their old shape as 1x1 convolutions are supported.
  ///
  /// - Parameter dtype: float16 becomes float32 if the config says that the model overflows in it.
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  public convenience init(
    _ weights: any WeightSource, _ configuration: Configuration, dtype: DType = .float32, on device: Device = .cpu
  ) throws {
    let safe = dtype == .float16 && configuration.needsFloat32 ? .float32 : dtype
    let renamed = AttentionNames(weights)
    let store = ParameterStore(.checkpoint(renamed.parameter), dtype: safe, device: device)
    do { try self.init(store, configuration) } catch ParameterError.shape(let name, let expected, let got) {
      throw Self.unfit(weights, name, "the tensor has another shape", expected: "\(expected)", got: "\(got)")
    }
    if let name = renamed.names.first(where: { store[$0] == nil }) {
      throw Self.unfit(weights, name, "the tensor belongs to no layer of the autoencoder")
    }
    try store.setTrainable(false)
  }

  private static func unfit(
    _ weights: any WeightSource, _ name: String, _ problem: String, expected: String? = nil, got: String? = nil
  ) -> Failure {
    Failure(
      .malformed, at: "\(weights.path): \(name)", problem, expected: expected, got: got,
      advice: "The weights are not those of the network that their config.json describes.")
  }

  public var parameters: ParameterStore { store }

  // MARK: Images to latents

  /// A normal distribution of latents: [B, C, H/f, W/f] each.
  public struct Posterior {
    public var mean: Tensor
    public var logVariance: Tensor

    /// The latents for these standard normal numbers.
    public func sample(_ noise: Tensor) throws -> Tensor { try mean + exp(logVariance * 0.5) * noise }
  }

  /// - Throws: `Failure` if the sides are not multiples of the factor.
  public func encode(_ images: Tensor) throws -> Posterior {
    try check(images, channels: configuration.imageChannels, multiple: configuration.factor, "images")
    let features = try encoder(images.to(dtype), gradientCheckpointing)
    let moments = try (momentConvolution?(features) ?? features).chunked(2, 1)
    return Posterior(mean: moments[0], logVariance: try moments[1].clamped(-30, 20))
  }

  /// Scales latents for the diffusion model: (latents - mean) · scale / std.
  public func scaled(_ latents: Tensor) throws -> Tensor {
    let centred = try like(latents, configuration.mean).map { try latents - $0 } ?? latents
    let raw = try centred * configuration.scale
    return try like(latents, configuration.std).map { try raw / $0 } ?? raw
  }

  // MARK: Latents to images

  /// The inverse of `scaled`.
  public func unscaled(_ latents: Tensor) throws -> Tensor {
    let multiplied = try like(latents, configuration.std).map { try latents * $0 } ?? latents
    let raw = try multiplied * (1 / configuration.scale)
    return try like(latents, configuration.mean).map { try raw + $0 } ?? raw
  }

  /// Decodes latents to images; differentiable.
  ///
  /// - Parameter tile: latents larger than a tile of this side, in pixels, are decoded in tiles that overlap by a quarter, see
  ///   `decodedInTiles`.
  /// - Throws: `Failure` if a quarter of the side is not a whole number of latents, whatever the size of these.
  public func decode(_ latents: Tensor, tile: Int? = nil) throws -> Tensor {
    try check(latents, channels: configuration.latentChannels, multiple: 1, "latents")
    let latents = try latents.to(dtype)
    if let tile, tile <= 0 || !tile.isMultiple(of: 4 * configuration.factor) {
      throw Failure(
        .malformed, at: "tile", expected: "a multiple of \(4 * configuration.factor) pixels", got: "\(tile)")
    }
    guard let tile else { return try decodeWhole(latents) }
    return try decodedInTiles(
      latents, side: tile, step: tile - tile / 4, factor: configuration.factor, decodeWhole)
  }

  /// Decodes in one piece.
  func decodeWhole(_ latents: Tensor) throws -> Tensor {
    try decoder(latentConvolution?(latents) ?? latents, gradientCheckpointing)
  }

  // MARK: Inputs

  private var dtype: DType { store.dtype }

  private func check(_ x: Tensor, channels: Int, multiple: Int, _ what: String) throws {
    let isRight =
      x.rank == 4 && x.shape[1] == channels && x.shape[2...].allSatisfy { $0 > 0 && $0.isMultiple(of: multiple) }
    guard isRight else {
      let sides = multiple == 1 ? "" : " with sides that are multiples of \(multiple)"
      throw Failure(
        .malformed, at: "autoencoder", expected: "\(what) [B, \(channels), H, W]\(sides)", got: x.summary)
    }
  }

  /// One number for each latent channel, [C, 1, 1], in the latents' dtype and on their device.
  private func like(_ latents: Tensor, _ values: [Double]?) throws -> Tensor? {
    try values.map { try Tensor($0, shape: [$0.count, 1, 1]).to(latents.dtype).to(latents.device) }
  }
}
