import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct AutoencoderTrainingTests {
  /// Encodes two channels as one number per pixel and decodes them to two: lossless if the channels are equal.
  private final class Narrow: TrainableAutoencoder {
    let parameters = ParameterStore(.random(seed: 3))
    let metadata = ["kind": "narrow"]
    private let encoder: Convolution
    private let decoder: Convolution

    init() throws {
      encoder = try Convolution(parameters.root / "encoder", 2, 2, kernel: 1)
      decoder = try Convolution(parameters.root / "decoder", 1, 2, kernel: 1)
    }

    func posterior(_ images: Tensor) throws -> (mean: Tensor, logVariance: Tensor) {
      let moments = try encoder(images).chunked(2, 1)
      return (moments[0], moments[1])
    }
    func decode(_ latents: Tensor) throws -> Tensor { try decoder(latents) }
    func configuration(scale: Double) throws -> (name: String, contents: Data) { ("scale", Data("\(scale)".utf8)) }
  }

  /// Images whose channels are equal.
  private final class Twins: DataSource {
    let count = 64
    let sampleShape = [2, 4, 4]

    func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
      let all = try 0.5 * normal("twins", [count, 1, 4, 4])
      return (
        try all.selected(Tensor(positions)).expanded([-1, 2, -1, -1]).contiguous(), try Condition(classes: positions)
      )
    }
  }

  private func training(_ model: Narrow, klWeight: Double = 1e-4) throws -> Pretraining<AutoencoderTask> {
    try Pretraining(
      AutoencoderTask(model, .init(klWeight: klWeight)), data: Twins(),
      settings: PretrainingSettings(
        steps: 300, batch: 16,
        optimization: OptimizationSettings(AdamW.Settings(learningRate: 2e-2, weightDecay: 0), .cosine),
        decay: .constant(0.9)),
      seed: 0)
  }

  @Test func `What fits through the latents is rebuilt, and the scale gives latents the standard deviation 1`() throws {
    let model = try Narrow()
    let training = try training(model)
    let before = try training.report(on: Twins())
    for step in 0..<300 { _ = try training.step(step) }
    let after = try training.report(on: Twins(), batch: 10)
    #expect(after.meanAbsoluteError < 0.1 * before.meanAbsoluteError)
    #expect(after.psnr > before.psnr + 15)
    let latents = try noGrad {
      try #require(training.ema).applied {
        try model.posterior(Twins().batch(Array(0..<64)).samples).mean * after.scale
      }
    }
    #expect(try abs(latents.reshaped([-1]).variance([0]).item() - 1) < 0.01)
  }

  @Test func `The divergence pulls latents towards a standard normal distribution`() throws {
    func latents(_ weight: Double) throws -> (mean: Double, logVariance: Double) {
      let model = try Narrow()
      let training = try training(model, klWeight: weight)
      for step in 0..<300 { _ = try training.step(step) }
      return try noGrad {
        let posterior = try model.posterior(Twins().batch(Array(0..<64)).samples)
        return (try mean(posterior.mean.squared()).item(), try mean(posterior.logVariance).item())
      }
    }
    let (free, pulled) = (try latents(0), try latents(10))
    #expect(free.logVariance < -2)
    #expect(abs(pulled.logVariance) < 0.1 && pulled.mean < 0.01)
  }
}
