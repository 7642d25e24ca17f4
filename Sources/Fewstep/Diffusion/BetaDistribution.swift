import Foundation

/// The beta distribution on 0...1, whose density is proportional to x^(a-1) (1-x)^(b-1).
public struct BetaDistribution: Equatable, Sendable {
  public let a: Double
  public let b: Double

  /// Both parameters must be positive.
  public init(_ a: Double, _ b: Double) { (self.a, self.b) = (a, b) }

  /// The share of the distribution below `x`: the regularized incomplete beta function I_x(a, b).
  public func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    // The continued fraction converges fast on one side of the mean; the other side is its mirror image.
    return x < (a + 1) / (a + b + 2)
      ? front * Self.fraction(x, a, b) / a : 1 - front * Self.fraction(1 - x, b, a) / b
  }

  /// The x below which the share `probability` of the distribution lies.
  public func quantile(_ probability: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return middle }
      if cumulative(middle) < probability { low = middle } else { high = middle }
      guard high - low > 1e-14 else { return (low + high) / 2 }
    }
  }

  /// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    func nonZero(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
    var result = d
    for m in 1...500 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / nonZero(1 + term * d)
        c = nonZero(1 + term / c)
        result *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return result
  }
}
