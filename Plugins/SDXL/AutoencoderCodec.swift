import Fewstep
import Files
import Tensors

/// The folder's autoencoder, between pixels and the U-Net's latents.
final class AutoencoderCodec: Codec {
  private let source: ModelSource
  private let configuration: AutoencoderKL.Configuration
  private let network: Lazy<AutoencoderKL>

  init(_ source: ModelSource, _ configuration: AutoencoderKL.Configuration) {
    (self.source, self.configuration) = (source, configuration)
    network = Lazy {
      let weights: any WeightSource = source.device == .meta ? UnreadWeights("vae") : try source.weights("vae")
      return try AutoencoderKL(weights, configuration, dtype: source.precision, on: source.device)
    }
  }

  var pixels: TensorInput {
    let side = { (name: String) in TensorInput.Size.free(name, multipleOf: self.configuration.factor) }
    return TensorInput(
      "pixels", "pixels in -1...1", ["B", .fixed(configuration.imageChannels), side("h"), side("w")])
  }

  var latents: TensorInput {
    TensorInput(
      "latents", "latents, scaled as the denoiser sees them", ["B", .fixed(configuration.latentChannels), "h", "w"])
  }

  /// A quarter of a tile, by which tiles overlap, is a whole number of latents.
  var tileMultiple: Int { 4 * configuration.factor }

  func encode(_ pixels: Tensor) throws -> Tensor {
    let network = try network()
    return try network.scaled(network.encode(pixels).mean).to(.float32)
  }

  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor {
    let network = try network()
    return try network.decode(network.unscaled(latents), tile: tile).to(.float32)
  }

  func open() throws { _ = try network() }

  func fingerprint() throws -> Fingerprint {
    [
      "vae": hash("\(try source.weights("vae").digest()) \(configuration)"),
      "scaling_factor": "\(configuration.scale)",
    ]
  }
}
