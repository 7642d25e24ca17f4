extension ModelConfig {
  /// A number of channels, layers or tokens: at least 1, and small enough that arithmetic with a few of them cannot
  /// overflow.
  public func count(_ key: String, default defaultValue: Int? = nil) throws -> Int {
    let value = try integer(key, default: defaultValue)
    let allowed = 1...(1 << 24)
    guard allowed.contains(value) else {
      throw wrong(key, expected: "\(allowed.lowerBound) to \(allowed.upperBound)", got: "\(value)")
    }
    return value
  }
}
