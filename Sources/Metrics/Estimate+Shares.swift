import Tensors

extension Estimate {
  /// A part of a set: of each of its members what is counted, and out of how much. A member that is not in the part has 0 out
  /// of 0.
  public typealias Part = (counted: [Double], total: [Double])

  /// The mean over parts of each one's share, the members of all parts resampled together.
  ///
  /// There is no interval if a part has nothing in some resample.
  public init(meanShareOf parts: [Part], _ resamples: Resamples) throws {
    let count = Double(parts.count)
    self.init(parts.reduce(0) { $0 + $1.counted.reduce(0, +) / $1.total.reduce(0, +) } / count)
    let shares = try parts.map { try resamples.means(of: Tensor($0.counted)) / resamples.means(of: Tensor($0.total)) }
    interval = Resamples.interval(try (stacked(shares).mean([0])).doubles())
  }
}
