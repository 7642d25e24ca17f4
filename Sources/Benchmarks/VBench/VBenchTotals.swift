/// The totals by which VBench's leaderboard is sorted, from the dimensions' scores.
///
/// A total is nil if a dimension that it needs has no score: VBench's own script uses 0 for it, which looks like a
/// result.
public struct VBenchTotals: Codable, Equatable, Sendable {
  /// The weighted mean of the quality dimensions.
  public var quality: Double?
  /// The mean of the semantic dimensions.
  public var semantic: Double?
  /// (4 quality + semantic) / 5
  public var total: Double?

  /// Computes the totals from the dimensions' scores, which are not normalized.
  public init(_ scores: [VBenchDimension: Double]) {
    func mean(_ group: VBenchDimension.Group) -> Double? {
      let dimensions = VBenchDimension.allCases.filter { $0.group == group }
      var sum = 0.0
      for dimension in dimensions {
        guard let score = scores[dimension] else { return nil }
        sum += dimension.normalized(score) * dimension.weight
      }
      return sum / dimensions.reduce(0) { $0 + $1.weight }
    }
    (quality, semantic) = (mean(.quality), mean(.semantic))
    if let quality, let semantic { total = (4 * quality + semantic) / 5 }
  }
}
