import Tensors
import Testing

/// Reproducible normal numbers, one row per sample; different purposes give different numbers.
package func normal(_ purpose: String, _ shape: [Int]) throws -> Tensor {
  try Noise(seed: 11).stream(purpose, step: 0).normal(0..<shape[0], Array(shape.dropFirst()))
}

/// Times inside 0.05..<0.95, float64.
package func times(_ purpose: String, _ count: Int) throws -> Tensor {
  try Noise(seed: 11).stream(purpose, step: 0).uniform(0..<count, low: 0.05, high: 0.95).to(.float64)
}

package func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withBytes { Array($0) } }

package func expectClose(
  _ a: Tensor, _ b: Tensor, _ tolerance: Double = 1e-6, _ comment: String = "",
  location: SourceLocation = #_sourceLocation
) throws {
  #expect(a.shape == b.shape, sourceLocation: location)
  guard a.shape == b.shape else { return }
  let worst = zip(try a.detached().doubles(), try b.detached().doubles()).map { Swift.abs($0 - $1) }.max() ?? 0
  #expect(worst <= tolerance, "the largest difference is \(worst) \(comment)", sourceLocation: location)
}

package func expectSame(_ a: Tensor, _ b: Tensor, _ comment: String = "", location: SourceLocation = #_sourceLocation)
  throws
{
  #expect(a.dtype == b.dtype, sourceLocation: location)
  #expect(a.shape == b.shape, sourceLocation: location)
  #expect(try bytes(a) == bytes(b), "\(comment)", sourceLocation: location)
}

/// The largest absolute difference; infinite if the shapes differ.
package func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double {
  guard a.shape == b.shape else { return .infinity }
  return try abs(a.to(.float64) - b.to(.float64)).doubles().max() ?? 0
}

/// The largest difference as a share of the largest expected number. Vectorized kernels sum in another order, so that small
/// entries of a gradient are only as exact as the large ones they cancel from.
package func relativeDifference(_ a: Tensor, from expected: Tensor) throws -> Double {
  try largestDifference(a, expected) / (abs(expected).doubles().max() ?? 1)
}
