/// One entry of a table.
public enum TableCell: Equatable, Sendable {
  case text(String)
  case integer(Int)
  case number(Double)
  /// A mean and the half-width of its confidence interval, printed as `0.812 ± 0.013`.
  case estimate(Double, margin: Double)
  /// Not measured; printed as a dash.
  case missing
}

extension TableCell: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(nilLiteral: ()) { self = .missing }
}

extension TableCell: Encodable {
  private enum EstimateKey: String, CodingKey {
    case mean
    case margin
  }

  /// A string, a number, `{"mean": ..., "margin": ...}` or null. JSON has no infinity and no NaN: they become null.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .text(let text):
      var container = encoder.singleValueContainer()
      try container.encode(text)
    case .integer(let number):
      var container = encoder.singleValueContainer()
      try container.encode(number)
    case .number(let number):
      var container = encoder.singleValueContainer()
      try container.encode(Self.finite(number))
    case .estimate(let mean, let margin):
      var container = encoder.container(keyedBy: EstimateKey.self)
      try container.encode(Self.finite(mean), forKey: .mean)
      try container.encode(Self.finite(margin), forKey: .margin)
    case .missing:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    }
  }

  private static func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
}
