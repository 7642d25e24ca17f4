import Fewstep
import Foundation
import Media
import Metrics
import Tensors

/// Scores HPSv2's images like `hpsv2.evaluate`: 100 times the cosine, with its mean for each style and over all.
///
/// Its "std" of a style is the standard deviation of the means of ten chunks of 80 images; a style with other than 800
/// images has none. If an image is missing, the official scorer uses the next one in its place: here it is an error.
public struct HPSv2Scores {
  /// The version of the scoring; raised when a change of the code changes a number.
  public static let version = 1
  private static let chunks = (count: 10, size: 80)

  private let benchmark: HPSv2Benchmark
  private let root: String

  /// - Parameter root: the layout's folder.
  public init(_ benchmark: HPSv2Benchmark, root: String) { (self.benchmark, self.root) = (benchmark, root) }

  /// - Parameters:
  ///   - reward: the reward `hpsv2`.
  ///   - batch: the number of images that are read at once.
  ///   - progress: called with the number of scored images.
  /// - Throws: `Failure` naming missing images or a damaged one.
  public func callAsFunction(
    _ reward: any ImageFileReward, scorer: String, batch: Int, progress: (Int) throws -> Void
  ) throws -> (fingerprint: Fingerprint, scores: [BenchmarkScore]) {
    try benchmark.checkPresence(below: root)
    let values = try benchmark.scores(below: root, reward, batch: batch, progress: progress).map { 100 * $0 }
    let fingerprint = Fingerprint(
      benchmark: benchmark.name, version: Self.version, prompts: benchmark.prompts, samples: values.count,
      scorers: try reward.fingerprint().merging(["scorer": scorer]))
    return (fingerprint, try scores(values))
  }

  /// - Parameter values: 100 times the cosine of each item.
  func scores(_ values: [Double]) throws -> [BenchmarkScore] {
    let styles = try HPSv2Benchmark.styles.compactMap { style -> BenchmarkScore? in
      let ofStyle = zip(benchmark.items, values).filter { $0.0.path.hasPrefix("\(style)/") }.map(\.1)
      guard !ofStyle.isEmpty else { return nil }
      let std = Self.stdOfChunks(ofStyle).map { ["std of chunks": $0] }
      return BenchmarkScore(style, try Self.mean(ofStyle), samples: ofStyle.count, details: std)
    }
    return styles + [BenchmarkScore("average", try Self.mean(values), samples: values.count)]
  }

  private static func mean(_ values: [Double]) throws -> Estimate {
    try Estimate(meanOf: values, Resamples(of: values.count))
  }

  /// NumPy's std (divided by n) of the chunks' means; nil for other than 800 images.
  static func stdOfChunks(_ values: [Double]) -> Double? {
    guard values.count == chunks.count * chunks.size else { return nil }
    func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(values.count) }
    let means = (0..<chunks.count).map { mean(values[$0 * chunks.size..<($0 + 1) * chunks.size]) }
    let center = mean(means)
    return mean(means.map { ($0 - center) * ($0 - center) }).squareRoot()
  }
}
