/// Where a benchmark's results lie: the official layout by itself, for official scorers list all that they find in it.
public struct BenchmarkFolder: Sendable {
  /// Without a slash at the end.
  public let path: String

  /// A folder by its path.
  public init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// The official layout's root.
  public var samples: String { path + "/samples" }
  /// `GenerationRecord`.
  public var record: String { path + "/generation.json" }
  /// `BenchmarkScores`.
  public var scores: String { path + "/scores.json" }
  /// An image of the first samples.
  public var sheet: String { path + "/sheet.png" }
}
