import Foundation
import Media
import Metrics
import Tensors

/// VBench's scores of a model in each dimension, from different sources, and their totals.
public struct VBenchScores {
  /// The version of the scoring; raised when a change of the code changes a number.
  public static let version = 1

  private struct Entry {
    let result: VBenchResults.Dimension
    let scorer: Fingerprint
    let samples: Int
    /// The number of missing videos; nil if unknown.
    let missing: Int?
  }

  private let prompts: VBenchPrompts
  private var entries = [VBenchDimension: Entry]()

  /// Starts without any dimension.
  public init(_ prompts: VBenchPrompts) { self.prompts = prompts }

  /// The added dimensions, in VBench's order.
  public var dimensions: [VBenchDimension] { VBenchDimension.allCases.filter { entries[$0] != nil } }

  /// Measures the videos of a native dimension.
  ///
  /// - Parameters:
  ///   - scorer: the dimension's scorer.
  ///   - progress: called with the number of measured videos.
  /// - Returns: the result, in the package's format.
  /// - Throws: `Failure` naming a file that is not a video, or that cannot be judged.
  public mutating func measure(
    _ dimension: VBenchDimension, _ videos: VBenchVideos, by scorer: VBenchScorer,
    progress: (Int) throws -> Void
  ) throws -> VBenchResults.Dimension {
    let ffmpeg = try FFmpeg()
    let values = try videos.found.enumerated().map { index, video in
      let values: [Double]
      do { values = try scorer(ffmpeg.read(video.path), of: video.prompt) } catch var error as Failure {
        if error.place == VBenchScorer.place { error.place = video.path }
        throw error
      }
      try progress(index + 1)
      return values
    }
    let result = VBenchResults.Dimension(
      score: VBenchScorer.score(of: values, dimension),
      videos: zip(videos.found, values).map { .init(path: $0.path, score: VBenchScorer.mean($1)) })
    add(result, of: dimension, by: scorer.fingerprint, videos: videos)
    return result
  }

  /// - Parameters:
  ///   - scorer: the source of the result.
  ///   - videos: the scored videos; nil if only the result is known.
  public mutating func add(
    _ result: VBenchResults.Dimension, of dimension: VBenchDimension, by scorer: Fingerprint,
    videos: VBenchVideos? = nil
  ) {
    let listed = result.videos.count
    let wanted = VBenchBenchmark.videosAPrompt * prompts.prompts(of: dimension).count
    entries[dimension] = Entry(
      result: result, scorer: scorer, samples: videos?.found.count ?? listed,
      missing: videos?.missing.count ?? (listed > 0 ? wanted - listed : nil))
  }

  /// Everything besides the videos that the scores depend on.
  public var fingerprint: Fingerprint {
    Fingerprint(
      benchmark: VBenchBenchmark.name, version: Self.version, prompts: prompts.hash,
      samples: entries.values.reduce(0) { $0 + $1.samples },
      scorers: entries.reduce(into: [:]) { $0 = $0.merging($1.value.scorer.prefixed($1.key.rawValue)) })
  }

  /// The dimensions' scores, and each total whose dimensions have all been scored.
  ///
  /// - Parameter isAcceptingMissing: includes totals of dimensions that lack videos or whose videos are unknown, like
  ///   VBench's script.
  public func scores(acceptingMissing isAcceptingMissing: Bool) throws -> [BenchmarkScore] {
    var scores = [BenchmarkScore]()
    var complete = [VBenchDimension: Double]()
    for dimension in dimensions {
      guard let entry = entries[dimension] else { continue }
      var estimate = try Self.estimate(entry.result)
      if let missing = entry.missing, missing > 0 {
        estimate.warning = "\(missing) of \(entry.samples + missing) videos are missing"
      } else if entry.missing == nil {
        estimate.warning = "of an unknown number of videos: its results file lists none"
      }
      if entry.missing == 0 || isAcceptingMissing { complete[dimension] = entry.result.score }
      scores.append(
        BenchmarkScore(
          dimension.name, estimate, samples: entry.samples,
          details: ["normalized": dimension.normalized(entry.result.score)]))
    }
    let totals = VBenchTotals(complete)
    func add(_ name: String, _ value: Double?, of group: VBenchDimension.Group?) {
      guard let value else { return }
      let ofGroup = entries.filter { group == nil || $0.key.group == group }.values
      scores.append(BenchmarkScore(name, Estimate(value), samples: ofGroup.reduce(0) { $0 + $1.samples }))
    }
    add("quality", totals.quality, of: .quality)
    add("semantic", totals.semantic, of: .semantic)
    add("total", totals.total, of: nil)
    return scores
  }

  /// The score, with an interval if it is the mean over videos, in the videos' unit.
  private static func estimate(_ result: VBenchResults.Dimension) throws -> Estimate {
    let values = result.videos.map(\.score)
    guard values.count > 1, abs(VBenchScorer.mean(values) - result.score) < 1e-6 else { return Estimate(result.score) }
    return Estimate(result.score, interval: try Estimate(meanOf: values, Resamples(of: values.count)).interval)
  }
}

extension VBenchDimension {
  /// "subject consistency"
  public var name: String { rawValue.replacing("_", with: " ") }
}
