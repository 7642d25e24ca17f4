import ArgumentParser

/// The ranges of options: those of a recipe.
enum Limits {
  static let seeds = 0...Int(UInt32.max)
  static let samples = 1...1_000_000
  static let samplerSteps = 1...100_000
}

/// - Throws: `ValidationError`, which is wrong usage, if the value of an option lies outside `range`.
func require(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(option): expected \(range.lowerBound) to \(range.upperBound), got \(value)")
}
