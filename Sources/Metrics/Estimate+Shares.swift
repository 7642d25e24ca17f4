import Tensors

extension Estimate {
  /// A part of a set: each member's count and total. A member outside the part has 0 of 0.
  public typealias Part = (counted: [Double], total: [Double])

  /// The mean of the parts' shares. The members of all parts are resampled together.
  ///
  /// There is no interval if a part is empty in some resample.
  public init(meanShareOf parts: [Part], _ resamples: Resamples) throws {
    let count = Double(parts.count)
    self.init(parts.reduce(0) { $0 + $1.counted.reduce(0, +) / $1.total.reduce(0, +) } / count)
    let shares = try parts.map { try resamples.means(of: Tensor($0.counted)) / resamples.means(of: Tensor($0.total)) }
    interval = Resamples.interval(try (stacked(shares).mean([0])).doubles())
  }
}
