/// The allowed range of a number.
public struct Bounds: Sendable, CustomStringConvertible {
  private var low = -Double.infinity
  private var high = Double.infinity
  private var isLowAllowed = true
  private var isHighAllowed = true

  public static let any = Bounds()
  public static let positive = Bounds(low: 0, isLowAllowed: false)
  public static let nonNegative = Bounds(low: 0)
  /// Includes both ends.
  public static func closed(_ low: Double, _ high: Double) -> Bounds { Bounds(low: low, high: high) }
  /// Includes `low` but not `high`.
  public static func halfOpen(_ low: Double, _ high: Double) -> Bounds {
    Bounds(low: low, high: high, isHighAllowed: false)
  }
  public static func atLeast(_ low: Double) -> Bounds { Bounds(low: low) }

  /// The range for whole numbers: limited to 32 bits, so that sums and counts cannot overflow.
  var whole: Bounds {
    var bounds = self
    if low < -Self.limit { (bounds.low, bounds.isLowAllowed) = (-Self.limit, true) }
    if high > Self.limit { (bounds.high, bounds.isHighAllowed) = (Self.limit, true) }
    return bounds
  }

  private static let limit = Double(UInt32.max)

  func allow(_ value: Double) -> Bool {
    value.isFinite && (isLowAllowed ? low <= value : low < value) && (isHighAllowed ? value <= high : value < high)
  }

  /// A value in the range, to continue with if the recipe's is not.
  var inside: Double { low.isFinite ? (isLowAllowed ? low : low + 1) : 0 }

  public var description: String {
    guard low.isFinite || high.isFinite else { return "any number" }
    guard high.isFinite else { return "\(isLowAllowed ? ">=" : ">") \(formatted(low))" }
    return "\(isLowAllowed ? "" : "above ")\(formatted(low)) to \(isHighAllowed ? "" : "below ")\(formatted(high))"
  }
}

/// Formats a whole value as 3 rather than 3.0.
func formatted(_ value: Double) -> String {
  value == value.rounded() && Swift.abs(value) < 1e15 ? String(Int(value)) : "\(value)"
}
