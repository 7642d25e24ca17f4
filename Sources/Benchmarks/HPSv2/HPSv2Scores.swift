import Fewstep
import Foundation
import Media
import Metrics
import Tensors

/// Scores HPSv2's pictures as `hpsv2.evaluate` does: 100 times the cosine, its mean for each style and over all.
///
/// Its "std" of a style is that of the means of ten runs of 80 pictures; where a style has not 800 there is none. Where a
/// picture is missing, the official scorer takes the next one in its place: here it is an error.
public struct HPSv2Scores {
  public static let version = 1
  private static let chunks = (count: 10, size: 80)

  private let suite: HPSv2Benchmark
  private let root: String

  public init(_ suite: HPSv2Benchmark, root: String) { (self.suite, self.root) = (suite, root) }

  /// - Parameters:
  ///   - reward: `hpsv2`.
  ///   - batch: pictures that are read at once.
  ///   - progress: how many are scored.
  /// - Throws: `Failure` naming what is missing, `Failure` naming a damaged picture.
  public func callAsFunction(
    _ reward: any ImageFileReward, scorer: String, batch: Int, progress: (Int) throws -> Void
  ) throws -> (fingerprint: Fingerprint, scores: [BenchmarkScore]) {
    try suite.checkPresence(below: root)
    let values = try suite.scores(below: root, reward, batch: batch, progress: progress).map { 100 * $0 }
    let fingerprint = Fingerprint(
      benchmark: suite.name, version: Self.version, prompts: suite.prompts, samples: values.count,
      scorers: try reward.fingerprint().merging(["scorer": scorer]))
    return (fingerprint, try scores(values))
  }

  /// - Parameter values: 100 times the cosine of each item.
  func scores(_ values: [Double]) throws -> [BenchmarkScore] {
    let styles = try HPSv2Benchmark.styles.compactMap { style -> BenchmarkScore? in
      let ofStyle = zip(suite.items, values).filter { $0.0.path.hasPrefix("\(style)/") }.map(\.1)
      guard !ofStyle.isEmpty else { return nil }
      let deviation = Self.deviationOfChunks(ofStyle).map { ["std of chunks": $0] }
      return BenchmarkScore(style, try Self.mean(ofStyle), samples: ofStyle.count, details: deviation)
    }
    return styles + [BenchmarkScore("average", try Self.mean(values), samples: values.count)]
  }

  private static func mean(_ values: [Double]) throws -> Estimate {
    try Estimate(meanOf: values, Resamples(of: values.count))
  }

  /// NumPy's std, which divides by their number, of the chunks' means; nil for another number of pictures than 800.
  static func deviationOfChunks(_ values: [Double]) -> Double? {
    guard values.count == chunks.count * chunks.size else { return nil }
    func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(values.count) }
    let means = (0..<chunks.count).map { mean(values[$0 * chunks.size..<($0 + 1) * chunks.size]) }
    let center = mean(means)
    return mean(means.map { ($0 - center) * ($0 - center) }).squareRoot()
  }
}

extension Benchmark {
  /// - Throws: `Failure` that counts and names the items whose files are not there.
  func checkPresence(below root: String) throws {
    let missing = items.filter { !FileManager.default.fileExists(atPath: "\(root)/\($0.path)") }
    guard let first = missing.first else { return }
    throw absence(of: missing.count, items.count, first.path, below: root)
  }

  func absence(of count: Int, _ all: Int, _ first: String, below root: String) -> Failure {
    Failure(
      .missing, at: root, "\(count) of \(all) files are missing, the first is \(first)",
      expected: "the layout of \(name)",
      advice: "Make them with `fewstep benchmark \(name)` on a run or a model, or score fewer with --limit.")
  }

  /// uint8 [3, H, W] of a picture that is to be scored.
  ///
  /// - Throws: `Failure` naming the picture, and how it is made again.
  func sample(_ path: String) throws -> Tensor {
    do { return try RGBImage.read(path).tensor() } catch var error as Failure {
      error.advice = "Remove the file; where it was made here, the command that made it makes it again."
      throw error
    }
  }

  /// The reward of every item's picture for its prompt, in their order.
  func scores(
    below root: String, _ reward: any ImageFileReward, batch: Int, progress: (Int) throws -> Void
  ) throws -> [Double] {
    try stride(from: 0, to: items.count, by: batch).flatMap { start in
      let part = items[start..<min(start + batch, items.count)]
      let pictures = try part.map { try sample("\(root)/\($0.path)") }
      let values = try reward.score(pictures: pictures, texts: part.map(\.prompt)).doubles()
      try progress(start + part.count)
      return values
    }
  }
}
