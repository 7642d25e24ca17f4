import Fewstep
import Files
import Foundation
import Networks
import Tensors

/// Wan's autoencoder with random weights, with the sizes in a model folder's vae/config.json. Videos pass through it whole.
final class UntrainedAutoencoder: TrainableAutoencoder {
  let parameters: ParameterStore
  let metadata = ["format": "pt"]
  private let network: AutoencoderKLWan
  private let config: [String: JSONValue]

  static var plugin: Plugin<any TrainableAutoencoder> {
    Plugin("wan", "Wan's autoencoder of videos, of the shape that a model folder's vae/config.json describes") { s in
      let model = s.path("model", "The model's folder in diffusers' layout; of vae/ the config.json is enough.")
      return { try UntrainedAutoencoder(model, seed: $0.seed, on: $0.device) }
    }
  }

  /// - Throws: `Failure` if the folder has no autoencoder of this class, or its config needs something that is not
  ///   implemented.
  init(_ model: String, seed: Int, on device: Device) throws {
    let config = try ModelConfig("\(try PipelineFolder(model).component("vae", "AutoencoderKLWan"))/config.json")
    self.config = config.values
    parameters = ParameterStore(.random(seed: seed), device: device)
    network = try AutoencoderKLWan(parameters.root, AutoencoderKLWan.Configuration(config))
  }

  func posterior(_ videos: Tensor) throws -> (mean: Tensor, logVariance: Tensor) {
    let posterior = try network.encode(videos, .whole)
    return (posterior.mean, posterior.logVariance)
  }

  func decode(_ latents: Tensor) throws -> Tensor { try network.decode(latents, .whole) }

  /// All channels get the same deviation, and the mean 0.
  func configuration(scale: Double) throws -> (name: String, contents: Data) {
    let channels = network.configuration.latentChannels
    let values = config.merging([
      "latents_mean": .array(Array(repeating: .number(0), count: channels)),
      "latents_std": .array(Array(repeating: .number(1 / scale), count: channels)),
    ]) { $1 }
    return ("config.json", try JSONValue.object(values).pretty())
  }
}
