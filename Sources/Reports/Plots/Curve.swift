/// Numbers over time, reduced for a plot: their mean and their spread in each of a limited number of ranges of x.
public struct Curve: Equatable, Sendable {
  /// The mean x of each range.
  public let x: [Double]
  /// The mean y of each range.
  public let mean: [Double]
  /// The 10% quantile of each range.
  public let low: [Double]
  /// The 90% quantile of each range.
  public let high: [Double]

  /// - Parameters:
  ///   - x: steps, in any order, one per value; steps may repeat.
  ///   - limit: the maximum number of ranges; if there are fewer different x, each has its own.
  public init(x: [Double], y: [Double], limit: Int = 150) {
    let pairs = zip(x, y).filter { $0.isFinite && $1.isFinite }
    let different = Set(pairs.map(\.0)).sorted()
    guard let first = different.first, let last = different.last else {
      (self.x, mean, low, high) = ([], [], [], [])
      return
    }
    let width = different.count > limit ? (last - first) / Double(limit) : 0
    let groups = Dictionary(grouping: pairs) { pair in
      width > 0 ? min(Double(limit - 1), ((pair.0 - first) / width).rounded(.down)) : pair.0
    }
    let stretches = groups.sorted { $0.key < $1.key }.map(\.value)
    self.x = stretches.map { Self.mean($0.map(\.0)) }
    mean = stretches.map { Self.mean($0.map(\.1)) }
    let sorted = stretches.map { $0.map(\.1).sorted() }
    low = sorted.map { Self.quantile($0, 0.1) }
    high = sorted.map { Self.quantile($0, 0.9) }
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return sorted[below] }
    return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
  }

  /// The mean, over the spread if there is one.
  public func series(_ label: String? = nil, ink: Ink = .blue, band: Bool = true) -> [Plot.Series] {
    let line = Plot.Series(.line(x: x, y: mean), label: label, ink: ink)
    guard band, zip(low, high).contains(where: { $0 < $1 }) else { return [line] }
    return [Plot.Series(.band(x: x, low: low, high: high), ink: ink), line]
  }
}
