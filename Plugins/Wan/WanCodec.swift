import Fewstep
import Files
import Networks
import Tensors

/// The folder's autoencoder, between videos and the transformer's latents. It stays in float32, as in diffusers and in Wan's own
/// code.
final class WanCodec: Codec {
  private let folder: WanFolder
  private let configuration: AutoencoderKLWan.Configuration
  private let network: Lazy<AutoencoderKLWan>

  init(_ source: ModelSource, _ folder: WanFolder, _ configuration: AutoencoderKLWan.Configuration) {
    (self.folder, self.configuration) = (folder, configuration)
    network = Lazy {
      let weights: any WeightSource =
        source.device == .meta ? UnreadWeights(folder.folder.path) : try folder.autoencoder()
      let store = ParameterStore(weights.parameters, device: source.device)
      let network = try weights.network(in: store) { try AutoencoderKLWan($0, configuration) }
      network.gradientCheckpointing = true
      try store.setTrainable(false)
      return network
    }
  }

  var pixels: TensorInput {
    let side = { (name: String) in TensorInput.Size.free(name, multipleOf: self.configuration.factor) }
    return TensorInput(
      "pixels", "videos in -1...1, of 1 + n · \(configuration.timeFactor) frames", ["B", 3, "f", side("h"), side("w")])
  }

  var latents: TensorInput {
    TensorInput(
      "latents", "latents, normalized as the denoiser sees them",
      ["B", .fixed(configuration.latentChannels), "f", "h", "w"])
  }

  /// A quarter of a tile, by which tiles overlap, is a whole number of latents.
  var tileMultiple: Int { 4 * configuration.factor }

  func encode(_ pixels: Tensor) throws -> Tensor {
    let network = try network()
    return try network.scaled(network.encode(pixels.to(.float32)).mean)
  }

  /// As a stream if no gradient is recorded, in memory that does not grow with the number of frames, otherwise whole.
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor {
    let network = try network()
    let unscaled = try network.unscaled(latents.to(.float32))
    let mode = isGradEnabled && unscaled.requiresGrad ? AutoencoderKLWan.Mode.whole : .streaming
    guard let tile else { return try network.decode(unscaled, mode) }
    return try decodedInTiles(unscaled, side: tile, step: tile - tile / 4, factor: configuration.factor) {
      try network.decode($0, mode)
    }
  }

  func open() throws { _ = try network() }

  func fingerprint() throws -> Fingerprint {
    ["vae": hash("\(try folder.autoencoder().digest()) \(configuration)")]
  }
}
