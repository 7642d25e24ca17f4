import Tensors

/// A measured value, and what the number of samples says about it.
public struct Estimate: Codable, Equatable, Sendable {
  /// The measured value.
  public var value: Double
  /// 95%, by a bootstrap over the samples of one set, the other one given; nil if a bootstrap would show nothing.
  public var interval: ClosedRange<Double>?
  /// How much of the value is expected to come from the number of samples alone; nil if none does or nobody knows.
  public var bias: Double?
  /// Why the value is not to be relied on.
  public var warning: String?

  /// A value with what is known of it.
  public init(_ value: Double, interval: ClosedRange<Double>? = nil, bias: Double? = nil, warning: String? = nil) {
    (self.value, self.interval, self.bias, self.warning) = (value, interval, bias, warning)
  }

  /// The mean of `values`, one a sample of the set that is resampled.
  public init(meanOf values: [Double], _ resamples: Resamples?) throws {
    self.init(
      values.reduce(0, +) / Double(values.count),
      interval: try resamples.flatMap { Resamples.interval(try $0.means(of: Tensor(values)).doubles()) })
  }

  /// The share of `flags` that are true.
  public init(shareOf flags: [Bool], _ resamples: Resamples?) throws {
    try self.init(meanOf: flags.map { $0 ? 1 : 0 }, resamples)
  }
}
