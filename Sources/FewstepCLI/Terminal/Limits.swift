import ArgumentParser

/// The ranges of options, the same as in a recipe.
enum Limits {
  static let seeds = 0...Int(UInt32.max)
  static let samples = 1...1_000_000
  static let samplerSteps = 1...100_000
}

/// - Throws: `ValidationError` (wrong usage) if the option's value is outside `range`.
func require(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(option): expected \(range.lowerBound) to \(range.upperBound), got \(value)")
}
