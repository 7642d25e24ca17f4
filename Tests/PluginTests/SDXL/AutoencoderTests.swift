import Files
import Networks
import Tensors
import TestSupport
import Testing

@testable import SDXL

/// An autoencoder that diffusers saved, and diffusers' results with it.
private struct Saved {
  let model: AutoencoderKL
  let expected: SafetensorsFile

  init(_ name: String) throws {
    let folder = "\(EncoderFixtures.folder)/\(name)"
    let weights = try SafetensorsFile("\(folder)/diffusion_pytorch_model.safetensors")
    model = try AutoencoderKL(weights, Self.configuration(name))
    expected = try SafetensorsFile("\(folder)/expected.safetensors")
  }

  static func configuration(_ name: String) throws -> AutoencoderKL.Configuration {
    try AutoencoderKL.Configuration(ModelConfig("\(EncoderFixtures.folder)/\(name)/config.json"))
  }

  func expectSame(_ key: String, _ value: Tensor?, location: SourceLocation = #_sourceLocation) throws {
    let difference = try EncoderFixtures.difference(value, expected.tensor(key))
    #expect(difference < 1e-5, "\(key)", sourceLocation: location)
  }
}

/// Several files as one.
private final class Joined: WeightSource {
  let parts: [any WeightSource]
  init(_ parts: any WeightSource...) { self.parts = parts }
  var path: String { parts[0].path }
  var names: [String] { parts.flatMap(\.names) }
  func contains(_ name: String) -> Bool { parts.contains { $0.contains(name) } }
  func tensor(_ name: String) throws -> Tensor {
    try parts.first { $0.contains(name) }.map { try $0.tensor(name) } ?? parts[0].tensor(name)
  }
}

/// A file without some of its tensors.
private final class Without: WeightSource {
  let whole: any WeightSource
  let part: String
  init(_ part: String, _ whole: any WeightSource) { (self.part, self.whole) = (part, whole) }
  var path: String { whole.path }
  var names: [String] { whole.names.filter { !$0.contains(part) } }
  func contains(_ name: String) -> Bool { !name.contains(part) && whole.contains(name) }
  func tensor(_ name: String) throws -> Tensor { try whole.tensor(name) }
}

@Suite struct AutoencoderTests {
  @Test(arguments: ["vae-three", "vae-other"]) func `Images are encoded to diffusers' latents`(name: String) throws {
    let saved = try Saved(name)
    let posterior = try noGrad { try saved.model.encode(saved.expected.tensor("images")) }
    try saved.expectSame("mean", posterior.mean)
    try saved.expectSame("log_variance", posterior.logVariance)
    try saved.expectSame("sample", posterior.sample(saved.expected.tensor("noise")))
  }

  @Test(arguments: [
    ("vae-three", false), ("vae-three", true), ("vae-other", false), ("vae-other", true),
  ])
  func `Latents become the images that diffusers makes, and gradients go back alike`(
    name: String, gradientCheckpointing: Bool
  ) throws {
    let saved = try Saved(name)
    saved.model.gradientCheckpointing = gradientCheckpointing
    try saved.model.parameters.setTrainable(true)
    let latents = try saved.expected.tensor("latents").cloned().requiringGrad()
    let decoded = try saved.model.decode(latents)
    try saved.expectSame("decoded", decoded)
    try decoded.backward(seed: saved.expected.tensor("seed"))
    try saved.expectSame("latents_gradient", latents.gradient)
    let keys = saved.expected.names.filter { $0.hasPrefix("gradient.") }
    #expect(keys.count >= 2)
    for key in keys {
      let parameter = saved.model.parameters[String(key.dropFirst("gradient.".count))]
      try saved.expectSame(key, parameter?.value.gradient)
    }
  }

  @Test(arguments: [("vae-three", 32), ("vae-other", 16)])
  func `Tiles are blended as diffusers blends them`(name: String, side: Int) throws {
    let saved = try Saved(name)
    let large = try saved.expected.tensor("large")
    #expect(saved.model.configuration.side == side)
    try noGrad {
      try saved.expectSame("tiled", saved.model.decode(large, tile: side))
      let whole = try saved.model.decode(large)
      #expect(try EncoderFixtures.difference(whole, saved.expected.tensor("tiled")) > 1e-3)
      // An image that fits into a tile is decoded whole.
      #expect(try EncoderFixtures.difference(saved.model.decode(large, tile: 96), whole) == 0)
    }
  }

  @Test func `Gradients pass through tiles`() throws {
    let saved = try Saved("vae-other")
    let latents = try saved.expected.tensor("large").cloned().requiringGrad()
    try sum(saved.model.decode(latents, tile: 16)).backward()
    #expect(try #require(latents.gradient).doubles().allSatisfy { $0.isFinite && $0 != 0 })
  }

  @Test(arguments: ["vae-three", "vae-other"]) func `Scaled latents are unscaled again`(name: String) throws {
    let saved = try Saved(name)
    let latents = try saved.expected.tensor("mean")
    let scaled = try saved.model.scaled(latents)
    #expect(try EncoderFixtures.difference(saved.model.unscaled(scaled), latents) < 1e-5)
    let first = try latents[0, 0, 0, 0].item()
    let expected = name == "vae-three" ? first * 0.13025 : (first - 0.5) * 0.18215 / 2
    #expect(try Swift.abs(scaled[0, 0, 0, 0].item() - expected) < 1e-6)
  }

  @Test func `The attention's old names are read`() throws {
    let saved = try Saved("vae-three")
    let folder = "\(EncoderFixtures.folder)/vae-three"
    let weights = Joined(
      try SafetensorsFile("\(folder)/old_attention.safetensors"),
      Without(
        "mid_block.attentions", try SafetensorsFile("\(folder)/diffusion_pytorch_model.safetensors")))
    let model = try AutoencoderKL(weights, Saved.configuration("vae-three"))
    try noGrad { try saved.expectSame("decoded", model.decode(saved.expected.tensor("latents"))) }
  }

  @Test func `SDXL's autoencoder has the tensors of its file`() throws {
    let block: (String) -> JSONValue = { .array(Array(repeating: .string($0), count: 4)) }
    let config = ModelConfig(
      [
        "_class_name": "AutoencoderKL", "act_fn": "silu", "block_out_channels": [128, 256, 512, 512],
        "down_block_types": block("DownEncoderBlock2D"), "up_block_types": block("UpDecoderBlock2D"),
        "force_upcast": true, "in_channels": 3, "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32,
        "out_channels": 3, "sample_size": 1024, "scaling_factor": 0.13025,
      ], path: "config.json")
    let store = ParameterStore(.shapes)
    _ = try AutoencoderKL(store, AutoencoderKL.Configuration(config))
    let names = try EncoderFixtures.lines("vae.names.gz")
    #expect(store.all.map { "\($0.name)\t\($0.value.shape)" }.sorted() == names)
    #expect(store.count == 83_653_863)
  }

  @Test func `float16 is refused for models that overflow in it`() throws {
    let folder = "\(EncoderFixtures.folder)/vae-"
    for (name, expected) in [("three", DType.float32), ("other", .float16)] {
      let weights = try SafetensorsFile("\(folder)\(name)/diffusion_pytorch_model.safetensors")
      let model = try AutoencoderKL(weights, Saved.configuration("vae-\(name)"), dtype: .float16)
      #expect(model.parameters.all.allSatisfy { $0.value.dtype == expected })
    }
  }

  @Test(
    arguments: [
      (["shift_factor": 0.1], "shift_factor: expected null, got 0.1"),
      (["act_fn": "mish"], "act_fn: expected \"silu\""),
      (["block_out_channels": [33]], "block_out_channels: expected 1 to 16 multiples of norm_num_groups, 32, got [33]"),
      (["block_out_channels": []], "block_out_channels"),
      (
        ["down_block_types": ["AttnDownEncoderBlock2D"]],
        "down_block_types: expected DownEncoderBlock2D for each of the 1"
      ),
      (
        ["up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"]],
        "up_block_types: expected UpDecoderBlock2D for each"
      ),
      (["latents_mean": [1, 2]], "latents_mean: expected 4 numbers, one a latent channel, got 2"),
      (["scaling_factor": 0], "scaling_factor: expected a positive number, got 0"),
      (["layers_per_block": 0], "layers_per_block: expected 1 to 16777216, got 0"),
      (["_class_name": "AsymmetricAutoencoderKL"], "_class_name: expected \"AutoencoderKL\""),
      (["temporal": true], "temporal: the setting is not known"),
    ] as [([String: JSONValue], String)])
  func aConfigThatCannotBeObeyedIsRefused(values: [String: JSONValue], expected: String) {
    let words = words {
      _ = try AutoencoderKL.Configuration(ModelConfig(values, path: "config.json"))
    }
    #expect(words.contains(expected), "\(words)")
  }

  @Test func `Wrong inputs are refused`() throws {
    let saved = try Saved("vae-three")
    for (body, expected) in [
      ({ _ = try saved.model.encode(.zeros([1, 3, 30, 32])) }, "multiples of 4, got float32[1, 3, 30, 32]"),
      ({ _ = try saved.model.encode(.zeros([1, 1, 32, 32])) }, "expected images [B, 3, H, W]"),
      ({ _ = try saved.model.decode(.zeros([4, 8, 8])) }, "expected latents [B, 4, H, W]"),
      ({ _ = try saved.model.decode(.zeros([1, 4, 9, 9]), tile: 20) }, "a multiple of 16 pixels, got 20"),
      ({ _ = try saved.model.decode(.zeros([1, 4, 9, 9]), tile: 0) }, "a multiple of 16 pixels, got 0"),
    ] as [(() throws -> Void, String)] {
      let refusal = words(body)
      #expect(refusal.contains(expected), "\(refusal)")
    }
    let weights = try SafetensorsFile("\(EncoderFixtures.folder)/vae-other/diffusion_pytorch_model.safetensors")
    let misshapen = words { _ = try AutoencoderKL(weights, Saved.configuration("vae-three")) }
    #expect(misshapen.contains("encoder.conv_in.weight: the tensor has another shape"), "\(misshapen)")
    #expect(misshapen.contains("expected [4, 3, 3, 3], got [6, 1, 3, 3]"), "\(misshapen)")
    var smaller = try Saved.configuration("vae-three")
    smaller.convolvesLatents = false
    let whole = try SafetensorsFile("\(EncoderFixtures.folder)/vae-three/diffusion_pytorch_model.safetensors")
    let left = words { _ = try AutoencoderKL(whole, smaller) }
    #expect(left.contains("post_quant_conv") && left.contains("belongs to no layer of the autoencoder"), "\(left)")
  }
}
