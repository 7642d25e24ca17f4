import Fewstep
import Files
import Foundation
import Networks
import Tensors

/// SDXL's autoencoder with random weights, with the sizes in a model folder's vae/config.json.
final class UntrainedAutoencoder: TrainableAutoencoder {
  let parameters: ParameterStore
  let metadata = ["format": "pt"]
  private let network: AutoencoderKL
  private let config: [String: JSONValue]

  static var plugin: Plugin<any TrainableAutoencoder> {
    Plugin("sdxl", "SDXL's autoencoder, of the shape that a model folder's vae/config.json describes") { s in
      let model = s.path("model", "The model's folder in diffusers' layout; of vae/ the config.json is enough.")
      return { try UntrainedAutoencoder(model, seed: $0.seed, on: $0.device) }
    }
  }

  /// - Throws: `Failure` if the folder has no autoencoder of this class, or its config needs something that is not
  ///   implemented.
  init(_ model: String, seed: Int, on device: Device) throws {
    let path = "\(try PipelineFolder(model).component("vae", "AutoencoderKL"))/config.json"
    let config = try ModelConfig(path)
    self.config = config.values
    parameters = ParameterStore(.random(seed: seed), device: device)
    network = try AutoencoderKL(parameters, AutoencoderKL.Configuration(config))
  }

  func posterior(_ images: Tensor) throws -> (mean: Tensor, logVariance: Tensor) {
    let posterior = try network.encode(images)
    return (posterior.mean, posterior.logVariance)
  }

  func decode(_ latents: Tensor) throws -> Tensor { try network.decode(latents) }

  func configuration(scale: Double) throws -> (name: String, contents: Data) {
    let values = config.merging(["scaling_factor": .number(scale)]) { $1 }
    return ("config.json", try JSONValue.object(values).pretty())
  }
}
