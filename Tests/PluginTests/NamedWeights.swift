import Foundation
import Networks
import Tensors

/// Weights that follow from their names, as the scripts that make fixtures compute them too, so that no file holds them.
enum NamedWeights {
  /// Numbers in ±½ that look random.
  static func uniform(_ name: String, _ shape: [Int]) throws -> Tensor {
    let seed = name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 1_000_003 }
    let count = Double(shape.reduce(1, *))
    let wave = try sin(Tensor.range(to: count, .float64) * 12.9898 + Double(seed) / 1000) * 43758.5453
    return try (wave - wave.floor() - 0.5).reshaped(shape)
  }

  /// Norms' weights around 1, biases around 0, other weights of a size that keeps the variance.
  static func weight(_ name: String, _ shape: [Int]) throws -> Tensor {
    let values = try uniform(name, shape)
    if name.hasSuffix("gamma") { return try (values + 1).to(.float32) }
    guard shape.count == 1 else {
      return try (values * (12 / Double(shape[1...].reduce(1, *))).squareRoot()).to(.float32)
    }
    return try (name.hasSuffix("weight") ? values + 1 : values * 0.4).to(.float32)
  }

  /// A network with these weights.
  static func network<Network>(_ dtype: DType = .float32, _ make: (ParameterStore) throws -> Network) throws -> (
    network: Network, parameters: ParameterStore
  ) {
    let shapes = ParameterStore(.shapes)
    _ = try make(shapes)
    let store = ParameterStore(
      .checkpoint { name in try shapes[name].map { try weight(name, $0.value.shape) } }, dtype: dtype)
    return (try make(store), store)
  }
}

/// The largest difference, in units of the largest expected value.
func error(of made: Tensor?, _ expected: Tensor) throws -> Double {
  guard let made, made.shape == expected.shape else { return .infinity }
  let (a, b) = (try made.detached().doubles(), try expected.doubles())
  guard a.allSatisfy(\.isFinite) else { return .infinity }
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (b.map { abs($0) }.max() ?? 1)
}
