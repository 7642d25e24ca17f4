import Files
import Foundation
import Networks
import Tensors
import Testing

@testable import SDXL

@Suite("SDXL's U-Net")
struct UNetTests {
  private static let tolerance = 1e-4

  @Test(arguments: ["tiny", "mixed", "odd", "scaled", "flat", "saved"], [false, true])
  func `Output and gradients are diffusers', activations kept or recomputed`(
    _ name: String, gradientCheckpointing: Bool
  ) throws {
    let fixture = try UNetFixture(name)
    let (network, parameters) = try fixture.network()
    let inputs = try ["sample", "text", "pooled"].map { ($0, try fixture.leaf($0)) }
    let output = try network(
      inputs[0].1, fixture.tensor("timestep"), text: inputs[1].1, pooled: inputs[2].1,
      timeIDs: fixture.tensor("time_ids"), gradientCheckpointing: gradientCheckpointing)
    #expect(try error(of: output, fixture.tensor("output")) < Self.tolerance)

    try sum(output * fixture.tensor("cotangent")).backward()
    let leaves = Dictionary(uniqueKeysWithValues: inputs + parameters.all.map { ($0.name, $0.value) })
    let gradients = try fixture.expected(under: "gradient/")
    #expect(gradients.count == 14)
    for (name, expected) in gradients {
      #expect(try error(of: leaves[name]?.gradient, expected) < Self.tolerance, "\(name)")
    }
    let (norms, probes) = (try fixture.tensor("norms").doubles(), try fixture.tensor("probes").doubles())
    #expect(norms.count == parameters.all.count)
    for (index, parameter) in parameters.all.sorted(by: { $0.name < $1.name }).enumerated() {
      let gradient = try #require(parameter.value.gradient, "\(parameter.name)")
      let probe = try sum(gradient * NamedWeights.uniform("probe \(parameter.name)", gradient.shape)).item()
      #expect(abs(probe - probes[index]) < Self.tolerance * norms[index], "\(parameter.name)")
      #expect(try abs(gradient.norm().item() - norms[index]) < Self.tolerance * norms[index], "\(parameter.name)")
    }
  }

  @Test(arguments: [false, true])
  func `The middle's features are diffusers', and nothing of the way up takes part`(gradientCheckpointing: Bool) throws
  {
    let fixture = try UNetFixture("odd")
    let (network, parameters) = try fixture.network()
    let sample = try fixture.leaf("sample")
    let features = try network.middle(
      sample, fixture.tensor("timestep"), text: fixture.tensor("text"), pooled: fixture.tensor("pooled"),
      timeIDs: fixture.tensor("time_ids"), gradientCheckpointing: gradientCheckpointing)
    #expect(try error(of: features, fixture.tensor("middle")) < Self.tolerance)
    try sum(features).backward()
    #expect(sample.gradient != nil)
    for parameter in parameters.all {
      let isBelow =
        !parameter.name.hasPrefix("up_blocks") && !parameter.name.hasPrefix("conv_norm_out")
        && !parameter.name.hasPrefix("conv_out")
      #expect((parameter.value.gradient != nil) == isBelow, "\(parameter.name)")
    }
  }

  @Test func `Activations are kept unless they are to be recomputed`() throws {
    let fixture = try UNetFixture("flat")
    let (network, _) = try fixture.network()
    func secondDerivative(gradientCheckpointing: Bool) throws {
      let sample = try fixture.leaf("sample")
      let output = try network(
        sample, fixture.tensor("timestep"), text: fixture.tensor("text"), pooled: fixture.tensor("pooled"),
        timeIDs: fixture.tensor("time_ids"), gradientCheckpointing: gradientCheckpointing)
      _ = try sum(output).grad([sample], createGraph: true)
    }
    try secondDerivative(gradientCheckpointing: false)
    #expect(throws: TensorError.self) { try secondDerivative(gradientCheckpointing: true) }
  }

  @Test(arguments: ["tiny", "odd"])
  func `In bfloat16 the output is near that in float32, whatever the inputs' dtype`(_ name: String) throws {
    let fixture = try UNetFixture(name)
    let (network, _) = try fixture.network(.bfloat16)
    let output = try noGrad {
      try network(
        fixture.tensor("sample"), fixture.tensor("timestep"), text: fixture.tensor("text"),
        pooled: fixture.tensor("pooled"), timeIDs: fixture.tensor("time_ids"))
    }
    #expect(output.dtype == .bfloat16)
    #expect(try error(of: output, fixture.tensor("output")) < 0.1)
  }

  @Test func `SDXL-base has diffusers' parameters, 2,567,463,684 numbers in all`() throws {
    let folder = "\(UNetFixture.folder)/unet-base"
    let store = ParameterStore(.shapes)
    _ = try UNet(store.root, UNetConfiguration(ModelConfig("\(folder)/config.json")))
    let made = Set(store.all.map { "\($0.name)\t\($0.value.shape)" })
    let expected = Set(try EncoderFixtures.lines("unet-base/unet.names.gz"))
    #expect(expected.count == 1680)
    #expect(made.symmetricDifference(expected).isEmpty)
    #expect(store.count == 2_567_463_684)
  }

  private func store(_ file: SafetensorsFile) -> ParameterStore {
    ParameterStore(.checkpoint { file.contains($0) ? try file.tensor($0) : nil })
  }

  @Test func `A checkpoint that diffusers has saved`() throws {
    let fixture = try UNetFixture("saved")
    let file = try SafetensorsFile("\(UNetFixture.folder)/unet-saved/diffusion_pytorch_model.safetensors")
    let network = try file.network(in: store(file)) { try UNet($0, fixture.configuration) }
    let output = try noGrad {
      try network(
        fixture.tensor("sample"), fixture.tensor("timestep"), text: fixture.tensor("text"),
        pooled: fixture.tensor("pooled"), timeIDs: fixture.tensor("time_ids"))
    }
    #expect(try error(of: output, fixture.tensor("output")) < Self.tolerance)
  }

  @Test func `Weights of another network: the message names file and tensor`() throws {
    let fixture = try UNetFixture("saved")
    let source = try SafetensorsFile("\(UNetFixture.folder)/unet-saved/diffusion_pytorch_model.safetensors")
    let path = NSTemporaryDirectory() + "unet-\(UUID()).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func message(_ change: (inout [String: Tensor]) throws -> Void) throws -> String {
      var tensors = Dictionary(uniqueKeysWithValues: try source.names.map { ($0, try source.tensor($0)) })
      try change(&tensors)
      try Safetensors.write(tensors.map { ($0.key, $0.value) }, to: path)
      let file = try SafetensorsFile(path)
      let error = #expect(throws: Failure.self) {
        try file.network(in: store(file)) { try UNet($0, fixture.configuration) }
      }
      return "\(try #require(error))"
    }
    let name = "mid_block.attentions.0.proj_in.weight"
    let missing = try message { $0[name] = nil }
    #expect(missing.hasPrefix("\(path): \(name): there is no such tensor"))
    let reshaped = try message { $0[name] = try $0[name]?.reshaped([8, 8, 1, 1]) }
    #expect(reshaped.hasPrefix("\(path): \(name): ") && reshaped.contains("expected [8, 8], got [8, 8, 1, 1]"))
    let foreign = try message { $0["add_embedding.linear_3.weight"] = try .zeros([2]) }
    #expect(foreign.contains("add_embedding.linear_3.weight: the tensor belongs to no layer"))
  }
}
