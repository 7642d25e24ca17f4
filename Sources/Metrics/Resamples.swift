import Tensors

/// Bootstrap resamples of a set: how often each member is in each resample (Efron & Tibshirani 1993, 6.2). They are the
/// same each time.
///
/// The standard error of a 2.5% quantile of B normal resamples is 2.7/√B of their standard deviation. So the default of
/// a thousand gives the ends of an interval to a tenth of a standard error; two hundred would give them to a fifth.
public struct Resamples {
  /// The number of members of the set, and of each resample.
  public let count: Int
  /// The number of resamples.
  public let draws: Int
  /// uint8 [draws, count].
  private let weights: Tensor
  private static let tile = 4096

  /// Draws the resamples of a set of `count` members.
  public init(of count: Int, draws: Int = 1000) throws {
    self.count = count
    self.draws = draws
    var weights = [UInt8](repeating: 0, count: draws * count)
    for draw in 0..<draws {
      for place in Noise(seed: 0).stream("bootstrap", step: draw).integers(0..<count, below: count) {
        // A count above 255 in a resample does not occur.
        weights[draw * count + place] &+= 1
      }
    }
    self.weights = try weights.withUnsafeBytes { try Tensor(bytes: $0, shape: [draws, count], dtype: .uint8) }
  }

  /// Float64 [draws, columns.count]: how often each of these members is in each resample.
  func weights(of columns: Range<Int>, on device: Device) throws -> Tensor {
    try weights.sliced(1, from: columns.lowerBound, to: columns.upperBound).to(device).to(.float64)
  }

  /// Float64 [draws] on the CPU: the mean of `values` [count] over each resample.
  ///
  /// - Throws: `Failure` for another number of values.
  func means(of values: Tensor) throws -> Tensor {
    guard values.shape == [count] else {
      throw Failure(.malformed, at: "bootstrap", expected: "\(count) values, as resampled", got: "\(values.shape)")
    }
    let values = try values.to(.cpu).to(.float64)
    var total = try Tensor.zeros([draws], .float64)
    for start in stride(from: 0, to: count, by: Self.tile) {
      let columns = start..<min(start + Self.tile, count)
      total = try total + matmul(weights(of: columns, on: .cpu), values.rows(columns))
    }
    return try total / Double(count)
  }

  /// The range of the values without 2.5% on either side; nil if one is not finite.
  static func interval(_ values: [Double]) -> ClosedRange<Double>? {
    guard values.allSatisfy(\.isFinite), !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return sorted[values.count / 40]...sorted[values.count - 1 - values.count / 40]
  }
}
