import Files
import Networks
import Tensors
import TestSupport
import Testing

@testable import Wan

/// One of the configurations of the scripts in Fixtures, and diffusers' results with it.
struct WanFixture {
  static let folder = "\(Repository.tests)/PluginTests/Wan/Fixtures"

  let path: String
  private let expected: SafetensorsFile

  init(_ name: String) throws {
    path = "\(Self.folder)/\(name)"
    expected = try SafetensorsFile("\(path)/expected.safetensors")
  }

  var config: ModelConfig { get throws { try ModelConfig("\(path)/config.json") } }

  /// The tensors whose names begin with the prefix, by the rest of their names.
  func expected(under prefix: String) throws -> [(name: String, tensor: Tensor)] {
    try expected.names.filter { $0.hasPrefix(prefix) }
      .map { (String($0.dropFirst(prefix.count)), try expected.tensor($0)) }
  }

  func tensor(_ name: String) throws -> Tensor { try expected.tensor(name) }

  /// An input that needs gradients.
  func leaf(_ name: String) throws -> Tensor { try tensor(name).cloned().requiringGrad() }

  /// The lines of a compressed list.
  static func lines(_ name: String) throws -> [String] {
    String(decoding: try unzipped("\(folder)/\(name)"), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

@Suite("Wan's transformer")
struct WanTransformerTests {
  private static let tolerance = 1e-4

  private func network(
    _ fixture: WanFixture, _ dtype: DType = .float32, featureBlocks: [Int] = []
  ) throws -> (network: WanTransformer, parameters: ParameterStore) {
    let configuration = try WanTransformerConfiguration(fixture.config)
    return try NamedWeights.network(dtype) {
      try WanTransformer($0.root, configuration, featureBlocks: featureBlocks)
    }
  }

  @Test(arguments: ["tiny", "wide", "saved"], [false, true])
  func `Output and gradients are diffusers', activations kept or recomputed`(
    _ name: String, gradientCheckpointing: Bool
  ) throws {
    let fixture = try WanFixture("transformer-\(name)")
    let (network, parameters) = try network(fixture)
    let inputs = try ["sample", "text"].map { ($0, try fixture.leaf($0)) }
    let output = try network(
      inputs[0].1, fixture.tensor("timestep"), text: inputs[1].1, gradientCheckpointing: gradientCheckpointing)
    #expect(try error(of: output, fixture.tensor("output")) < Self.tolerance)

    try sum(output * fixture.tensor("cotangent")).backward()
    let leaves = Dictionary(uniqueKeysWithValues: inputs + parameters.all.map { ($0.name, $0.value) })
    let gradients = try fixture.expected(under: "gradient/")
    #expect(gradients.count > 10)
    for (name, expected) in gradients {
      #expect(try error(of: leaves[name]?.gradient, expected) < Self.tolerance, "\(name)")
    }
    let (norms, probes) = (try fixture.tensor("norms").doubles(), try fixture.tensor("probes").doubles())
    #expect(norms.count == parameters.all.count)
    for (index, parameter) in parameters.all.sorted(by: { $0.name < $1.name }).enumerated() {
      let gradient = try #require(parameter.value.gradient, "\(parameter.name)")
      let probe = try sum(gradient * NamedWeights.uniform("probe \(parameter.name)", gradient.shape)).item()
      // A key's bias moves all of a query's logits alike, so its gradient is nothing but rounding.
      let scale = max(norms[index], 1e-3)
      #expect(abs(probe - probes[index]) < Self.tolerance * scale, "\(parameter.name)")
      #expect(try abs(gradient.norm().item() - norms[index]) < Self.tolerance * scale, "\(parameter.name)")
    }
  }

  @Test func `Features are the hidden states after blocks, and nothing above the last of them takes part`() throws {
    let fixture = try WanFixture("transformer-tiny")
    let (network, parameters) = try network(fixture, featureBlocks: [0])
    let sample = try fixture.tensor("sample")
    let features = try network.features(sample, fixture.tensor("timestep"), text: fixture.tensor("text"))
    #expect(features.shape == [2, 24, 3, 2, 3])
    let tokens = try features.reshaped([2, 24, -1]).transposed(1, 2)
    #expect(try error(of: tokens, fixture.tensor("block-0")) < Self.tolerance)
    try sum(features).backward()
    for parameter in parameters.all {
      let isAbove = ["blocks.1", "proj_out", "scale_shift_table"].contains(where: parameter.name.hasPrefix)
      #expect((parameter.value.gradient == nil) == isAbove, "\(parameter.name)")
    }
    let two = try self.network(fixture, featureBlocks: [1, 0]).network
    let both = try two.features(sample, fixture.tensor("timestep"), text: fixture.tensor("text"))
    #expect(both.shape == [2, 48, 3, 2, 3])
    #expect(try error(of: both.sliced(1, to: 24), features.detached()) == 0)
  }

  @Test func `In bfloat16 the output is as near to float32 as diffusers' is, and norms and time stay in float32`()
    throws
  {
    let fixture = try WanFixture("transformer-tiny")
    let (network, parameters) = try network(fixture, .bfloat16)
    let output = try noGrad {
      try network(fixture.tensor("sample"), fixture.tensor("timestep"), text: fixture.tensor("text"))
    }
    #expect(output.dtype == .bfloat16)
    let theirs = try error(of: fixture.tensor("output-bfloat16"), fixture.tensor("output"))
    let ours = try error(of: output, fixture.tensor("output"))
    // Kernels round differently from CPU to CPU.
    #expect(ours < 2 * theirs)
    for name in ["condition_embedder.time_embedder.linear_1.weight", "blocks.1.norm2.weight", "scale_shift_table"] {
      #expect(parameters[name]?.value.dtype == .float32, "\(name)")
    }
    #expect(parameters["blocks.0.attn1.norm_q.weight"]?.value.dtype == .bfloat16)
  }

  @Test(arguments: [("1.3B", 1_418_996_800, 825), ("14B", 14_288_491_584, 1095)])
  func `Wan2.1's sizes have diffusers' parameters`(_ name: String, count: Int, tensors: Int) throws {
    let config = try ModelConfig("\(WanFixture.folder)/transformer-\(name)/config.json")
    let store = ParameterStore(.shapes)
    _ = try WanTransformer(store.root, WanTransformerConfiguration(config))
    let made = Set(store.all.map { "\($0.name)\t\($0.value.shape)" })
    let expected = Set(try WanFixture.lines("transformer-\(name).names.gz"))
    #expect(expected.count == tensors)
    #expect(made.symmetricDifference(expected).isEmpty)
    #expect(store.count == count)
  }
}
