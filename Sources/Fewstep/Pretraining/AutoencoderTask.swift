import Foundation
import Networks
import Tensors

/// Trains an autoencoder from images to latents and back: mean |x - x̂| and a weak pull of the latents towards a
/// standard normal distribution (the KL-regularized autoencoder of Rombach et al., arXiv 2112.10752, without its
/// perceptual and adversarial terms).
public struct AutoencoderTask: PretrainingTask {
  public struct Settings: Sendable {
    /// The weight of the KL divergence, which is in nats per latent number.
    public var klWeight: Double

    public init(klWeight: Double) { self.klWeight = klWeight }
  }

  /// Reconstruction quality on images that were not trained on.
  public struct Report: Encodable, Equatable, Sendable {
    /// mean |x - x̂|; pixels span -1...1.
    public var meanAbsoluteError: Double
    /// Peak signal-to-noise ratio, in dB.
    public var psnr: Double
    /// 1 / the standard deviation of the posteriors' means: this factor gives latents the standard deviation of the
    /// noise.
    public var scale: Double
  }

  public static var schema: PretrainingSchema<any TrainableAutoencoder> {
    PretrainingSchema(
      role: "autoencoder", key: "autoencoder", meaning: "The network.", plugins: \.autoencoders, data: "Real images.",
      test: "Images that are not trained on.",
      output: "Where the averaged weights go (safetensors); the configuration goes into the same folder.",
      betas: [0.9, 0.99], isAveraged: true)
  }

  public static func settings(_ s: SettingsReader) -> Settings {
    Settings(
      klWeight: s.number(
        "kl-weight", default: 1e-3, in: .nonNegative,
        "Weight of the latents' KL divergence from a standard normal distribution, added to mean |x - x̂|."))
  }

  public let model: any TrainableAutoencoder
  private let settings: Settings

  public init(_ model: any TrainableAutoencoder, _ settings: Settings, seed: Int = 0) {
    self.model = model
    self.settings = settings
  }

  public var parameters: ParameterStore { model.parameters }
  public var metadata: [String: String] { model.metadata }

  public func loss(_ images: Tensor, given condition: Condition, step: Int, noise: Noise) throws -> Tensor {
    let (average, logVariance) = try model.posterior(images)
    let epsilon = try noise.stream("latent noise", step: step)
      .normal(0..<images.shape[0], Array(average.shape.dropFirst()), on: images.device)
    let rebuilt = try model.decode(average + exp(logVariance * 0.5) * epsilon)
    let divergence = try mean(average.squared() + exp(logVariance) - 1 - logVariance) * 0.5
    return try mean(abs(images - rebuilt)) + settings.klWeight * divergence
  }
}

extension Pretraining<AutoencoderTask> {
  /// Encodes and decodes all images of `data` with the averaged weights, through the posteriors' means.
  public func report(on data: any DataSource, batch: Int = 250) throws -> AutoencoderTask.Report {
    try noGrad { try ema?.applied { try task.report(on: data, batch: batch) } ?? task.report(on: data, batch: batch) }
  }
}

extension AutoencoderTask {
  fileprivate func report(on data: any DataSource, batch: Int) throws -> Report {
    var (absolute, squared, energy) = (0.0, 0.0, 0.0)
    var (sum, pixels, latents) = (0.0, 0, 0)
    for start in stride(from: 0, to: data.count, by: batch) {
      let (images, _) = try data.batch(Array(start..<min(start + batch, data.count)))
      let average = try model.posterior(images).mean
      let error = try (images - model.decode(average)).to(.float64)
      absolute += try Tensors.sum(abs(error)).item()
      squared += try Tensors.sum(error.squared()).item()
      sum += try Tensors.sum(average.to(.float64)).item()
      energy += try Tensors.sum(average.to(.float64).squared()).item()
      pixels += error.count
      latents += average.count
    }
    let variance = energy / Double(latents) - pow(sum / Double(latents), 2)
    return Report(
      meanAbsoluteError: absolute / Double(pixels), psnr: 10 * log10(4 * Double(pixels) / squared),
      scale: 1 / variance.squareRoot())
  }
}
