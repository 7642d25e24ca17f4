/// A value that is made on first use, such as a network.
public final class Lazy<Value> {
  private let make: () throws -> Value
  private var value: Value?

  public init(_ make: @escaping () throws -> Value) { self.make = make }

  public func callAsFunction() throws -> Value {
    if let value { return value }
    let made = try make()
    value = made
    return made
  }
}
