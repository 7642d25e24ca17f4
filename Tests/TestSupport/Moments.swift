import Foundation
import GaussianMixture
import Tensors
import Testing

/// Components of different widths, weights and classes.
package func unevenMixture(_ dimension: Int) -> Mixture {
  let count = 5
  return Mixture(
    means: (0..<count).map { k in (0..<dimension).map { d in 1.5 * sin(Double(3 * k + 2 * d + 1)) } },
    stds: (0..<count).map { 0.3 + 0.15 * Double($0) }, weights: [1, 2, 3, 1, 2], labels: [0, 1, 0, 1, 2])
}

/// The mean and the covariance of the components of a class.
package func moments(_ mixture: Mixture, _ label: Int) -> (mean: [Double], covariance: [[Double]]) {
  let chosen = mixture.means.indices.filter { mixture.labels[$0] == label }
  let total = chosen.reduce(0) { $0 + mixture.weights[$1] }
  let size = mixture.dimension
  var mean = Array(repeating: 0.0, count: size)
  var second = Array(repeating: mean, count: size)
  for k in chosen {
    let weight = mixture.weights[k] / total
    for i in 0..<size {
      mean[i] += weight * mixture.means[k][i]
      for j in 0..<size {
        second[i][j] +=
          weight * (mixture.means[k][i] * mixture.means[k][j] + (i == j ? pow(mixture.stds[k], 2) : 0))
      }
    }
  }
  for i in 0..<size { for j in 0..<size { second[i][j] -= mean[i] * mean[j] } }
  return (mean, second)
}

/// Compares within five standard errors.
package func expectMoments(
  of samples: Tensor, _ mixture: Mixture, _ label: Int, location: SourceLocation = #_sourceLocation
) throws {
  let (mean, covariance) = moments(mixture, label)
  let size = mixture.dimension
  let count = samples.shape[0]
  let flat = try samples.doubles()
  let rows = (0..<count).map { Array(flat[$0 * size..<($0 + 1) * size]) }
  for i in 0..<size {
    let error = 5 * (covariance[i][i] / Double(count)).squareRoot()
    let made = rows.reduce(0) { $0 + $1[i] } / Double(count)
    #expect(Swift.abs(made - mean[i]) < error, "mean \(i) of class \(label)", sourceLocation: location)
    for j in 0...i {
      let products = rows.map { ($0[i] - mean[i]) * ($0[j] - mean[j]) }
      let made = products.reduce(0, +) / Double(count)
      let spread = products.reduce(0) { $0 + pow($1 - made, 2) } / Double(count)
      let error = 5 * (spread / Double(count)).squareRoot()
      #expect(
        Swift.abs(made - covariance[i][j]) < error, "covariance \(i) \(j) of class \(label)", sourceLocation: location)
    }
  }
}
