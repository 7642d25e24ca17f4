import Foundation
import Networks
import Tensors

/// Trains an autoencoder by mean |x - x̂| and a weak pull of its latents towards a standard normal distribution (Rombach et
/// al., arXiv 2112.10752, the one regularised by KL; without its perceptual and adversarial terms).
public final class AutoencoderTraining {
  public struct Settings: Sendable {
    public var steps: Int
    public var batch: Int
    public var optimizer: AdamW.Settings
    public var schedule: LearningRateSchedule
    public var gradientLimit: Double?
    public var decay: EMA.Decay
    /// Of KL, in nats a latent number.
    public var klWeight: Double
  }

  /// What became of images that were not trained on.
  public struct Report: Encodable, Equatable, Sendable {
    /// mean |x - x̂|, where pixels span -1...1.
    public var meanAbsoluteError: Double
    /// Peak signal-to-noise ratio, in dB.
    public var psnr: Double
    /// 1 / the deviation of the posteriors' means: what gives latents the deviation that noise has.
    public var scale: Double
  }

  public let ema: EMA
  private let model: any TrainableAutoencoder
  private let data: any DataSource
  private let settings: Settings
  private let noise: Noise
  private let optimizer: AdamW
  private let order: DataOrder

  public init(_ model: any TrainableAutoencoder, data: any DataSource, settings: Settings, seed: Int) throws {
    self.model = model
    self.data = data
    self.settings = settings
    noise = Noise(seed: seed)
    optimizer = try AdamW(model.parameters.trainable, settings.optimizer)
    ema = try EMA(model.parameters.trainable, settings.decay)
    order = DataOrder(count: data.count, noise: noise, purpose: "data order")
  }

  /// One optimizer step, counted from 0; returns the loss and the gradients' norm before clipping.
  public func step(_ step: Int) throws -> (loss: Double, gradientNorm: Double) {
    let (images, _) = try data.batch(order.positions(step: step, batch: settings.batch))
    let (average, logVariance) = try model.posterior(images)
    let epsilon = try noise.stream("latent noise", step: step)
      .normal(0..<settings.batch, Array(average.shape.dropFirst()), on: images.device)
    let rebuilt = try model.decode(average + exp(logVariance * 0.5) * epsilon)
    let divergence = try mean(average.squared() + exp(logVariance) - 1 - logVariance) * 0.5
    let loss = try mean(abs(images - rebuilt)) + settings.klWeight * divergence
    let report = try optimizer.descend(
      loss, limit: settings.gradientLimit, schedule: settings.schedule, role: "autoencoder", step: step)
    try ema.update()
    return report
  }

  /// Encodes and decodes all images of `data` by the averaged weights, through the posteriors' means.
  public func report(on data: any DataSource, batch: Int = 250) throws -> Report {
    try noGrad {
      try ema.applied {
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
  }
}
