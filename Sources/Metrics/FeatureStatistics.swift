import Tensors

/// The mean and the covariance of a set of features: all that a Fréchet distance needs.
///
/// A reference side is computed once, stored (see `write(to:at:)`) and compared with many generated ones.
public struct FeatureStatistics {
  /// The number of samples that they come from.
  public let count: Int
  /// float64 [d] on the CPU.
  public let mean: Tensor
  /// float64 [d, d] on the CPU, unbiased: divided by n - 1, like NumPy's `cov` in the reference FID code.
  public let covariance: Tensor

  /// The number of features.
  public var dimension: Int { mean.count }

  /// Whether there are too few samples for a covariance of full rank. The distance is still defined, but it is far from
  /// that of large sets: compare such sets only if they have the same size.
  public var isRankDeficient: Bool { count <= dimension }

  /// - Parameter features: [n, d], or [n] for d = 1, of any dtype, on any device.
  /// - Throws: `Failure` for less than two samples, another shape, or features that are not finite.
  public init(_ features: Tensor) throws {
    let features = try Self.checked(features, "feature statistics", "features", needed: 2)
    let (count, dimension) = (features.shape[0], features.shape[1])
    // Block by block, so that large sets need not be in memory as float64.
    let blocks = stride(from: 0, to: count, by: 4096).map { $0..<min($0 + 4096, count) }
    var total = try Tensor.zeros([dimension], .float64, on: features.device)
    for rows in blocks { total = try total + features.rows(rows).to(.float64).sum([0]) }
    let mean = try total / Double(count)
    var scatter = try Tensor.zeros([dimension, dimension], .float64, on: features.device)
    for rows in blocks {
      let centred = try features.rows(rows).to(.float64) - mean
      scatter = try scatter + matmul(centred.transposed(0, 1), centred)
    }
    self.count = count
    self.mean = try mean.to(.cpu)
    covariance = try (scatter / Double(count - 1)).to(.cpu)
  }

  /// Statistics from elsewhere, such as a published reference.
  ///
  /// - Parameters:
  ///   - mean: [d]
  ///   - covariance: [d, d]
  public init(count: Int, mean: Tensor, covariance: Tensor) throws {
    guard mean.rank == 1, covariance.shape == [mean.count, mean.count] else {
      throw Failure(
        .malformed, at: "feature statistics", expected: "a covariance [d, d] for a mean \(mean.shape)",
        got: "\(covariance.shape)")
    }
    guard try mean.isFinite().all(), try covariance.isFinite().all() else {
      throw Failure(.malformed, at: "feature statistics", "the mean and covariance are not all finite")
    }
    self.count = count
    self.mean = try mean.to(.cpu).to(.float64)
    self.covariance = try covariance.to(.cpu).to(.float64)
  }

  /// Features [n, d], without their graph, after checking that a metric can use them.
  static func checked(_ features: Tensor, _ measure: String, _ what: String, needed: Int) throws -> Tensor {
    guard (1...2).contains(features.rank) else {
      throw Failure(.malformed, at: measure, expected: "\(what) [n, d]", got: "\(features.shape)")
    }
    guard features.shape[0] >= needed else {
      throw Failure(
        .malformed, at: measure, "too few \(what)", expected: "at least \(needed)", got: "\(features.shape[0])")
    }
    let rows = try features.detached().reshaped([features.shape[0], features.count / features.shape[0]])
    guard rows.shape[1] > 0 else {
      throw Failure(.malformed, at: measure, expected: "\(what) [n, d] with d > 0", got: "\(features.shape)")
    }
    guard try rows.isFinite().all() else { throw Failure(.malformed, at: measure, "the \(what) are not all finite") }
    return rows
  }
}
