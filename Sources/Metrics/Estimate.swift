import Tensors

/// A measured value, and its uncertainty due to the number of samples.
public struct Estimate: Codable, Equatable, Sendable {
  /// The measured value.
  public var value: Double
  /// The 95% interval, by a bootstrap over the samples of one set with the other one fixed; nil if a bootstrap would be
  /// meaningless.
  public var interval: ClosedRange<Double>?
  /// The part of the value that is expected from the number of samples alone; nil if there is none or it is unknown.
  public var bias: Double?
  /// The reason why the value is unreliable.
  public var warning: String?

  /// A value with its uncertainty.
  public init(_ value: Double, interval: ClosedRange<Double>? = nil, bias: Double? = nil, warning: String? = nil) {
    (self.value, self.interval, self.bias, self.warning) = (value, interval, bias, warning)
  }

  /// The mean of `values`, one per sample of the resampled set.
  public init(meanOf values: [Double], _ resamples: Resamples?) throws {
    self.init(
      values.reduce(0, +) / Double(values.count),
      interval: try resamples.flatMap { Resamples.interval(try $0.means(of: Tensor(values)).doubles()) })
  }

  /// The share of true values in `flags`.
  public init(shareOf flags: [Bool], _ resamples: Resamples?) throws {
    try self.init(meanOf: flags.map { $0 ? 1 : 0 }, resamples)
  }
}
