import Tensors

/// The squared maximum mean discrepancy of a kernel k between two sets (Gretton et al. 2012, Eq. 3), for KID and CMMD.
///
///     MMD² = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)
///
/// Without the pairs of a sample with itself it is unbiased (a U-statistic), whatever the number of samples. All pairs
/// are compared, tile by tile in float64, so that memory does not grow with their number. The real side is computed
/// once.
public struct MeanDiscrepancy {
  /// The kernel k.
  public let kernel: Kernel
  /// The real features [n, d].
  private let real: Tensor
  /// The mean of k(x, x') over different samples.
  private let withinReal: Double
  private static let tile = 1024

  /// - Throws: `Failure` for less than two samples, another shape, or features that are not finite.
  public init(to real: Tensor, kernel: Kernel) throws {
    self.kernel = kernel
    self.real = try FeatureStatistics.checked(real, "mean discrepancy", "real features", needed: 2)
    withinReal = try Self.within(self.real, kernel, nil).mean
  }

  /// The three means for a generated set, and for resamples of it.
  struct Means {
    /// The mean of k(x, x') over different real samples.
    let real: Double
    /// The mean of k(y, y') over different generated samples.
    let generated: Double
    let between: Double
    /// `generated` and `between` for each resample.
    let resampled: [(generated: Double, between: Double)]

    /// MMD² and its interval. `within` turns the means over different pairs into the wanted means.
    func estimate(scale: Double = 1, _ within: (_ real: Double, _ generated: Double) -> Double) -> Estimate {
      func value(_ generated: Double, _ between: Double) -> Double {
        scale * (within(real, generated) - 2 * between)
      }
      return Estimate(
        value(generated, between), interval: Resamples.interval(resampled.map { value($0.generated, $0.between) }))
    }
  }

  func means(_ generated: Tensor, _ resamples: Resamples?) throws -> Means {
    let generated = try FeatureStatistics.checked(generated, "mean discrepancy", "generated features", needed: 2)
      .to(real.device)
    guard generated.shape[1] == real.shape[1] else {
      throw Failure(
        .malformed, at: "mean discrepancy", expected: "generated features [m, \(real.shape[1])], as the real ones have",
        got: "\(generated.shape)")
    }
    let reach = try between(generated)
    let reaches = try resamples?.means(of: reach).doubles() ?? []
    let own = try Self.within(generated, kernel, resamples)
    return Means(
      real: withinReal, generated: own.mean, between: try mean(reach).item(),
      resampled: zip(own.resampled, reaches).map { (generated: $0, between: $1) })
  }

  /// Float64 [m]: the mean of k(x, y) over the real samples, for each generated one.
  private func between(_ generated: Tensor) throws -> Tensor {
    try concatenated(
      Self.tiles(generated).map { rows in
        let here = try generated.rows(rows).to(.float64)
        var total = try Tensor.zeros([rows.count], .float64, on: real.device)
        for columns in Self.tiles(real) {
          total = try total + kernel(here, real.rows(columns).to(.float64)).sum([1])
        }
        return try total / Double(real.shape[0])
      })
  }

  /// The mean of k over pairs of different rows; and the same for each resample, in which copies of a row form no pair,
  /// since their k would be that of a sample with itself.
  private static func within(
    _ rows: Tensor, _ kernel: Kernel, _ resamples: Resamples?
  ) throws -> (mean: Double, resampled: [Double]) {
    let (count, all) = (rows.shape[0], tiles(rows))
    var total = try Tensor.zeros([], .float64, on: rows.device)
    var (sums, copies): (Tensor, Tensor) = (total, total)
    for (index, here) in all.enumerated() {
      let weights = try resamples?.weights(of: here, on: rows.device)
      if let weights { copies = try copies + weights.squared().sum([1]) }
      // The other half of the matrix is symmetric.
      for there in all[index...] {
        var values = try kernel(rows.rows(here).to(.float64), rows.rows(there).to(.float64))
        if here == there {
          values = try values * (1 - Tensor.identity(here.count, .float64, on: rows.device))
        } else {
          values = try values * 2
        }
        total = try total + sum(values)
        guard let weights, let resamples else { continue }
        sums = try sums + (matmul(weights, values) * resamples.weights(of: there, on: rows.device)).sum([1])
      }
    }
    let pairs = try Double(count) * Double(count) - copies
    return (
      try total.item() / (Double(count) * Double(count - 1)), resamples == nil ? [] : try (sums / pairs).doubles()
    )
  }

  private static func tiles(_ rows: Tensor) -> [Range<Int>] {
    stride(from: 0, to: rows.shape[0], by: tile).map { $0..<min($0 + tile, rows.shape[0]) }
  }
}
