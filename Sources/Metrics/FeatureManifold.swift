import Tensors

/// The region that a set of features occupies, as the union of balls around them: each ball extends to its center's
/// k-th nearest neighbor in the set (Kynkäänniemi et al., arXiv 1904.06991, section 2).
///
/// Distances are computed tile by tile in float64. This needs memory for a few tiles, whatever the sizes of the sets.
public struct FeatureManifold {
  /// The features [n, d], on their original device.
  public let features: Tensor
  /// Squared radii of the balls, float64 [n].
  let squaredRadii: Tensor
  /// k.
  public let neighbours: Int
  let tile: Int
  /// float64 [1, d]. Distances are measured relative to this point, so that features far from 0 lose no digits.
  private let origin: Tensor

  /// The number of samples.
  public var count: Int { features.shape[0] }
  /// The number of features.
  public var dimension: Int { features.shape[1] }

  /// - Parameters:
  ///   - features: [n, d], or [n] for d = 1.
  ///   - neighbours: k; the paper uses 3.
  ///   - tile: the numbers of rows that are compared at once. A few matrices of tile² float64 numbers are in memory
  ///     together. It does not change the result.
  /// - Throws: `Failure` if there are not more than k samples, or features are not finite.
  public init(_ features: Tensor, neighbours: Int = 3, tile: Int = 1024) throws {
    guard neighbours > 0, tile > 0 else {
      throw Failure(
        .malformed, at: "feature manifold", expected: "at least one neighbour and a tile of at least 1",
        got: "\(neighbours) and \(tile)")
    }
    self.features = try FeatureStatistics.checked(features, "feature manifold", "features", needed: neighbours + 1)
    (self.neighbours, self.tile) = (neighbours, tile)
    origin = try Self.mean(of: self.features, tile)
    squaredRadii = try Self.squaredRadii(self.features, origin, neighbours, tile)
  }

  /// For each of the points [m, d] whether it is in the union of the balls, including their boundaries.
  public func contains(_ points: Tensor) throws -> [Bool] { try meetings(with: points).balls.map { $0 > 0 } }

  /// The number of balls that contain each of the points [m, d], and whether each ball, in the order of `features`,
  /// contains one of them; including boundaries.
  func meetings(with points: Tensor) throws -> (balls: [Int], isReached: [Bool]) {
    let points = try FeatureStatistics.checked(points, "feature manifold", "points", needed: 1)
    guard points.shape[1] == dimension else {
      throw Failure(.malformed, at: "feature manifold", expected: "points [m, \(dimension)]", got: "\(points.shape)")
    }
    // Lattices and copies put points exactly on a boundary; rounding must not decide about them.
    let reach = try squaredRadii * (1 + 1e-9)
    var balls = [Int]()
    var reached = try Tensor.zeros([count], .float64, on: features.device)
    for rows in Self.tiles(points.shape[0], tile) {
      let here = try Self.centred(points.rows(rows).to(features.device), origin)
      var found = try Tensor.zeros([rows.count], .float64, on: features.device)
      var visitors = [Tensor]()
      for columns in Self.tiles(count, tile) {
        let there = try Self.centred(features.rows(columns), origin)
        let isInside = try Self.squaredDistances(here, there).lessOrEqual(to: reach.rows(columns)).to(.float64)
        found = try found + isInside.sum([1])
        visitors.append(try isInside.sum([0]))
      }
      balls += try found.integers()
      reached = try reached + concatenated(visitors)
    }
    return (balls, try reached.doubles().map { $0 > 0 })
  }

  /// Float64 [n]: the (k+1)-th smallest squared distance of each row to all rows, including itself at 0.
  private static func squaredRadii(
    _ features: Tensor, _ origin: Tensor, _ neighbours: Int, _ tile: Int
  ) throws -> Tensor {
    let all = tiles(features.shape[0], tile)
    return try concatenated(
      all.map { rows in
        let here = try centred(features.rows(rows), origin)
        var smallest: Tensor?
        for columns in all {
          let distances = try squaredDistances(here, centred(features.rows(columns), origin))
          let joined = try smallest.map { try concatenated([$0, distances], 1) } ?? distances
          smallest = try joined.top(min(neighbours + 1, joined.shape[1]), largest: false).values
        }
        return try smallest?.sliced(1, from: neighbours).reshaped([rows.count]) ?? .zeros([0], .float64)
      })
  }

  /// Squared distances between rows, float64: [n, d], [m, d] -> [n, m], as |a|² + |b|² - 2 a·b, which is a matrix
  /// product.
  ///
  /// If this cancels down to rounding error, the points are the same and the distance is 0. The bound is below the
  /// float32 resolution of features.
  private static func squaredDistances(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    let norms = try a.squared().sum([1], keeping: true) + b.squared().sum([1])
    let squared = try norms - 2 * matmul(a, b.transposed(0, 1))
    let isCopy = try squared.lessOrEqual(to: norms * 1e-12)
    return try squared.filled(where: isCopy, with: 0)
  }

  private static func centred(_ rows: Tensor, _ origin: Tensor) throws -> Tensor { try rows.to(.float64) - origin }

  private static func mean(of features: Tensor, _ tile: Int) throws -> Tensor {
    var total = try Tensor.zeros([1, features.shape[1]], .float64, on: features.device)
    for rows in tiles(features.shape[0], tile) {
      total = try total + features.rows(rows).to(.float64).sum([0], keeping: true)
    }
    return try total / Double(features.shape[0])
  }

  private static func tiles(_ count: Int, _ tile: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: tile).map { $0..<min($0 + tile, count) }
  }
}
