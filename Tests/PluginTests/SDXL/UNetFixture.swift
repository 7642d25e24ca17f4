import Files
import Foundation
import TestSupport
import Networks
import Tensors

@testable import SDXL

/// One of make_unet.py's configurations, and diffusers' results with it.
struct UNetFixture {
  static let folder = "\(Repository.tests)/PluginTests/SDXL/Fixtures"

  let name: String
  let configuration: UNetConfiguration
  private let expected: SafetensorsFile

  init(_ name: String) throws {
    self.name = name
    configuration = try UNetConfiguration(ModelConfig("\(Self.folder)/unet-\(name)/config.json"))
    expected = try SafetensorsFile("\(Self.folder)/unet-\(name)/expected.safetensors")
  }

  /// The tensors whose names begin with the prefix, by the rest of their names.
  func expected(under prefix: String) throws -> [(name: String, tensor: Tensor)] {
    try expected.names.filter { $0.hasPrefix(prefix) }
      .map { (String($0.dropFirst(prefix.count)), try expected.tensor($0)) }
  }

  func tensor(_ name: String) throws -> Tensor { try expected.tensor(name) }

  /// An input that needs gradients.
  func leaf(_ name: String) throws -> Tensor { try tensor(name).cloned().requiringGrad() }

  /// The network with the weights from make_unet.py.
  func network(_ dtype: DType = .float32) throws -> (network: UNet, parameters: ParameterStore) {
    try NamedWeights.network(dtype) { try UNet($0.root, configuration) }
  }
}
