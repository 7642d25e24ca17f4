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
    let shapes = ParameterStore(.shapes)
    _ = try UNet(shapes.root, configuration)
    let store = ParameterStore(
      .checkpoint { name in try shapes[name].map { try Self.weight(name, $0.value.shape) } }, dtype: dtype)
    return (try UNet(store.root, configuration), store)
  }

  /// make_unet.py's `uniform`.
  static func uniform(_ name: String, _ shape: [Int]) throws -> Tensor {
    let seed = name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 1_000_003 }
    let count = Double(shape.reduce(1, *))
    let wave = try sin(Tensor.range(to: count, .float64) * 12.9898 + Double(seed) / 1000) * 43758.5453
    return try (wave - wave.floor() - 0.5).reshaped(shape)
  }

  /// make_unet.py's `weight`.
  private static func weight(_ name: String, _ shape: [Int]) throws -> Tensor {
    let values = try uniform(name, shape)
    guard shape.count == 1 else {
      return try (values * (12 / Double(shape[1...].reduce(1, *))).squareRoot()).to(.float32)
    }
    return try (name.hasSuffix("weight") ? values + 1 : values * 0.4).to(.float32)
  }
}

/// The largest difference, in units of the largest expected value.
func error(of made: Tensor?, _ expected: Tensor) throws -> Double {
  guard let made, made.shape == expected.shape else { return .infinity }
  let (a, b) = (try made.detached().doubles(), try expected.doubles())
  guard a.allSatisfy(\.isFinite) else { return .infinity }
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (b.map { abs($0) }.max() ?? 1)
}
