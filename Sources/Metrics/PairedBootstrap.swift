import Tensors

/// The mean of paired differences and a 95% interval by the percentile bootstrap over pairs (Efron & Tibshirani 1993, 13.3).
///
/// With few pairs the interval is too narrow rather than too wide; with fewer than two there is none.
public struct PairedBootstrap: Equatable, Sendable {
  /// The mean of the differences; 0 for none.
  public let mean: Double
  /// nil for fewer than two pairs.
  public let interval: ClosedRange<Double>?

  /// - Parameter draws: the number of resamples, which are the same ones each time.
  public init(_ differences: [Double], draws: Int = 10_000) {
    let count = differences.count
    mean = differences.reduce(0, +) / Double(max(1, count))
    guard count > 1 else {
      interval = nil
      return
    }
    let places = Noise(seed: 0).stream("paired bootstrap", step: count).integers(0..<draws * count, below: count)
    interval = Resamples.interval(
      (0..<draws).map { draw in
        places[draw * count..<(draw + 1) * count].reduce(0) { $0 + differences[$1] } / Double(count)
      })
  }
}
