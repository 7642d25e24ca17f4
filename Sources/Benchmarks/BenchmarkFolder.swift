/// The folder of a benchmark's results. The official layout has its own subfolder, since official scorers process
/// everything in it.
public struct BenchmarkFolder: Sendable {
  /// The path without a final slash.
  public let path: String

  /// A folder by its path.
  public init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// The official layout's root.
  public var samples: String { path + "/samples" }
  /// The file of the `GenerationRecord`.
  public var record: String { path + "/generation.json" }
  /// The file of the `BenchmarkScores`.
  public var scores: String { path + "/scores.json" }
  /// An image of the first samples.
  public var sheet: String { path + "/sheet.png" }
}
