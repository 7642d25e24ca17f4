import Fewstep
import Files
import Networks
import Tensors
import TestSupport
import Testing

@testable import Wan

@Suite("Wan's autoencoder")
struct AutoencoderKLWanTests {
  private static let tolerance = 1e-4

  private func network(_ fixture: WanFixture) throws -> AutoencoderKLWan {
    let configuration = try AutoencoderKLWan.Configuration(fixture.config)
    let shapes = ParameterStore(.shapes)
    _ = try AutoencoderKLWan(shapes.root, configuration)
    let store = ParameterStore(
      .checkpoint { name in
        let weight = try NamedWeights.weight(name, shapes[name]?.value.shape ?? [])
        return name.hasPrefix("decoder.conv_out.") ? try weight / 3 : weight
      })
    let network = try AutoencoderKLWan(store.root, configuration)
    try store.setTrainable(false)
    return network
  }

  @Test(arguments: ["tiny", "two"], [1, 5, 9])
  func `Posteriors and videos are diffusers', in one piece and as a stream`(_ name: String, frames: Int) throws {
    let fixture = try WanFixture("vae-\(name)")
    let network = try network(fixture)
    let latents = try fixture.tensor("latents-\(frames)")
    let (height, width) = (8 * latents.shape[3], 8 * latents.shape[4])
    let pixels = try (NamedWeights.uniform("pixels-\(frames)", [1, 3, frames, height, width]) * 2).to(.float32)
    for mode in [AutoencoderKLWan.Mode.whole, .streaming] {
      let posterior = try network.encode(pixels, mode)
      #expect(try error(of: posterior.mean, fixture.tensor("mean-\(frames)")) < Self.tolerance)
      #expect(try error(of: posterior.logVariance, fixture.tensor("logvar-\(frames)")) < Self.tolerance)
      let decoded = try network.decode(latents, mode)
      #expect(try error(of: decoded, fixture.tensor("decoded-\(frames)")) < Self.tolerance)
    }
  }

  @Test(arguments: ["tiny", "two"], [false, true])
  func `Gradients reach the latents as in diffusers, activations kept or recomputed`(
    _ name: String, gradientCheckpointing: Bool
  ) throws {
    let fixture = try WanFixture("vae-\(name)")
    let latents = try fixture.leaf("latents-5")
    let network = try network(fixture)
    network.gradientCheckpointing = gradientCheckpointing
    let decoded = try network.decode(latents, .whole)
    let cotangent = try NamedWeights.uniform("cotangent-5", decoded.shape).to(.float32)
    try sum(decoded * cotangent).backward()
    #expect(try error(of: latents.gradient, fixture.tensor("gradient/latents-5")) < Self.tolerance)
  }

  @Test func `Tiles are blended as in diffusers`() throws {
    let fixture = try WanFixture("vae-tiny")
    let network = try network(fixture)
    let latents = try fixture.tensor("latents-tiled")
    let decoded = try decodedInTiles(latents, side: 24, step: 16, factor: 8) { try network.decode($0) }
    #expect(decoded.shape == [1, 3, 5, 32, 40])
    #expect(try error(of: decoded.sliced(2, from: 4), fixture.tensor("decoded-tiled")) < Self.tolerance)
  }

  @Test func `Latents are scaled by each channel's mean and deviation, and back`() throws {
    let network = try network(WanFixture("vae-tiny"))
    let latents = try Tensor.ones([1, 4, 1, 2, 2])
    let scaled = try network.scaled(latents)
    #expect(try scaled[0, .all, 0, 0, 0].doubles() == [0.25, 4, 0.5, 1.5])
    #expect(try error(of: network.unscaled(scaled), latents) < 1e-6)
  }

  @Test func `Wan2.1's autoencoder has diffusers' parameters, with its config and without`() throws {
    let config = try ModelConfig("\(WanFixture.folder)/vae-base/config.json")
    let configuration = try AutoencoderKLWan.Configuration(config)
    #expect(configuration == AutoencoderKLWan.Configuration())
    let store = ParameterStore(.shapes)
    _ = try AutoencoderKLWan(store.root, configuration)
    let made = Set(store.all.map { "\($0.name)\t\($0.value.shape)" })
    #expect(made == Set(try WanFixture.lines("vae.names.gz")))
    #expect(store.count == 126_892_531)
  }

  @Test func `Frames that are no latent's, and sizes that are no multiple of eight, are refused`() throws {
    let network = try network(WanFixture("vae-tiny"))
    let frames = #expect(throws: Failure.self) { try network.encode(.zeros([1, 3, 4, 16, 16])) }
    #expect("\(try #require(frames))".contains("1 + n · 4 frames"))
    let size = #expect(throws: Failure.self) { try network.encode(.zeros([1, 3, 5, 16, 12])) }
    #expect("\(try #require(size))".contains("multiples of 8"))
  }
}
