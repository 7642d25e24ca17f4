import ArgumentParser
import Fewstep

extension MediaSize: ExpressibleByArgument {
  /// Parses "1024", or height and width as in "832x1216".
  public init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard 1...2 ~= sides.count, sides.allSatisfy({ 8...16384 ~= $0 }) else { return nil }
    self.init(height: sides[0], width: sides[sides.count - 1])
  }

  public var defaultValueDescription: String { height == width ? "\(height)" : "\(self)" }
}
