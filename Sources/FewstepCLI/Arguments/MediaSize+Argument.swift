import ArgumentParser
import Fewstep

extension MediaSize: ExpressibleByArgument {
  private static let sides = 8...16384
  private static let frameCounts = 1...10_000

  /// Pixels a side, "1024"; height and width, "832x1216"; or those and frames, "480x832x81".
  ///
  /// - Throws: `ValidationError` with the range.
  init(parsing argument: String) throws {
    let numbers = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard 1...3 ~= numbers.count, numbers.prefix(2).allSatisfy(Self.sides.contains),
      numbers.dropFirst(2).allSatisfy(Self.frameCounts.contains)
    else {
      throw ValidationError(
        "expected SIDE, HEIGHTxWIDTH or HEIGHTxWIDTHxFRAMES with \(Self.sides.lowerBound) to \(Self.sides.upperBound) "
          + "pixels and \(Self.frameCounts.lowerBound) to \(Self.frameCounts.upperBound) frames")
    }
    self.init(
      height: numbers[0], width: numbers[min(1, numbers.count - 1)], frames: numbers.count == 3 ? numbers[2] : nil)
  }

  public init?(argument: String) { try? self.init(parsing: argument) }
}
