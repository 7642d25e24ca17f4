/// The values a number may take.
public struct Bounds: Sendable, CustomStringConvertible {
  public let description: String
  /// A value inside, to go on with when the recipe's is not.
  let inside: Double
  private let contains: @Sendable (Double) -> Bool

  private init(_ description: String, inside: Double, contains: @escaping @Sendable (Double) -> Bool) {
    self.description = description
    self.inside = inside
    self.contains = contains
  }

  func allow(_ value: Double) -> Bool { value.isFinite && contains(value) }

  public static let any = Bounds("any number", inside: 0) { _ in true }
  public static let positive = Bounds("> 0", inside: 1) { $0 > 0 }
  public static let nonNegative = Bounds(">= 0", inside: 0) { $0 >= 0 }
  /// Both ends allowed.
  public static func closed(_ low: Double, _ high: Double) -> Bounds {
    Bounds("\(shown(low)) to \(shown(high))", inside: low) { low <= $0 && $0 <= high }
  }
  /// `low` allowed, `high` not.
  public static func halfOpen(_ low: Double, _ high: Double) -> Bounds {
    Bounds("\(shown(low)) to below \(shown(high))", inside: low) { low <= $0 && $0 < high }
  }
  public static func atLeast(_ low: Double) -> Bounds { Bounds(">= \(shown(low))", inside: low) { $0 >= low } }
}

/// 3 rather than 3.0.
func shown(_ value: Double) -> String {
  value == value.rounded() && Swift.abs(value) < 1e15 ? String(Int(value)) : "\(value)"
}
