import Networks
import Tensors
import Testing

/// A store of new parameters.
func randomStore(_ seed: Int = 0) -> ParameterStore { ParameterStore(.random(seed: seed)) }

/// Reproducible normal numbers; other purposes give others.
func normal(_ purpose: String, _ shape: [Int]) throws -> Tensor {
  try Noise(seed: 11).stream(purpose, step: 0).normal(0..<shape[0], Array(shape.dropFirst()))
}

func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withBytes { Array($0) } }

func expectClose(
  _ a: Tensor, _ b: Tensor, _ tolerance: Double = 1e-6, location: SourceLocation = #_sourceLocation
) throws {
  #expect(a.shape == b.shape, sourceLocation: location)
  guard a.shape == b.shape else { return }
  let worst = zip(try a.detached().doubles(), try b.detached().doubles()).map { Swift.abs($0 - $1) }.max() ?? 0
  #expect(worst <= tolerance, "the largest difference is \(worst)", sourceLocation: location)
}

func expectSame(_ a: Tensor, _ b: Tensor, location: SourceLocation = #_sourceLocation) throws {
  #expect(a.shape == b.shape, sourceLocation: location)
  #expect(try bytes(a) == bytes(b), sourceLocation: location)
}

/// Writes numbers into a parameter.
func fill(_ parameter: Parameter, _ values: [Double]) throws {
  try noGrad { try parameter.value.copy(from: Tensor(values, shape: parameter.value.shape).to(.float32)) }
}

/// Gives a parameter this gradient.
func pull(_ parameter: Parameter, _ gradient: [Double]) throws {
  try parameter.value.setGradient(Tensor(gradient, shape: parameter.value.shape).to(.float32))
}
