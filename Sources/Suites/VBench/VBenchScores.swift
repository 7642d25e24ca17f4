import Evaluation
import Foundation
import Storage
import Tensors

/// VBench's scores of a model, dimension by dimension, from wherever each comes, and their totals.
public struct VBenchScores {
  public static let version = 1

  private struct Entry {
    let result: VBenchResults.Dimension
    let scorer: String
  }

  private let prompts: VBenchPrompts
  private var entries = [VBenchDimension: Entry]()

  public init(_ prompts: VBenchPrompts) { self.prompts = prompts }

  /// What has been added, in VBench's order.
  public var dimensions: [VBenchDimension] { VBenchDimension.allCases.filter { entries[$0] != nil } }

  /// Measures the videos of a native dimension.
  ///
  /// - Parameter progress: how many are measured.
  /// - Returns: the result, in the package's form.
  /// - Throws: `StorageError` or `SuiteError` naming a video that is none, or that cannot be judged.
  public mutating func measure(
    _ dimension: VBenchDimension, _ videos: VBenchVideos, _ models: VBenchModels, on device: Device,
    progress: (Int) throws -> Void
  ) throws -> VBenchResults.Dimension {
    let (scorer, ffmpeg) = (try VBenchScorer(dimension, models, on: device), try FFmpeg())
    let values = try videos.found.enumerated().map { index, video in
      let values: [Double]
      do { values = try scorer(ffmpeg.read(video.path), of: video.prompt) } catch let error as SuiteError {
        throw SuiteError("\(video.path): \(error)")
      }
      try progress(index + 1)
      return values
    }
    let result = VBenchResults.Dimension(
      score: VBenchScorer.score(of: values, dimension),
      videos: zip(videos.found, values).map { .init(path: $0.path, score: VBenchScorer.mean($1)) })
    add(result, of: dimension, by: "native, \(scorer.identity)")
    return result
  }

  /// - Parameter scorer: what the result comes from, for the lock.
  public mutating func add(_ result: VBenchResults.Dimension, of dimension: VBenchDimension, by scorer: String) {
    entries[dimension] = Entry(result: result, scorer: scorer)
  }

  /// What scores depend on.
  ///
  /// - Parameter prompts: SHA-256 of the suite's.
  public func lock(prompts: String) -> SuiteLock {
    SuiteLock(
      suite: "vbench", version: Self.version, prompts: prompts,
      samples: entries.values.reduce(0) { $0 + $1.result.videos.count },
      scorers: Dictionary(uniqueKeysWithValues: entries.map { ($0.rawValue, $1.scorer) }))
  }

  /// The dimensions' scores, and the totals that all of their dimensions have been scored for.
  ///
  /// - Parameter isAcceptingMissing: totals also of dimensions that lack videos, as VBench's script has them.
  public func scores(acceptingMissing isAcceptingMissing: Bool) throws -> [SuiteScore] {
    var scores = [SuiteScore]()
    var complete = [VBenchDimension: Double]()
    for dimension in dimensions {
      guard let result = entries[dimension]?.result else { continue }
      var estimate = try Self.estimate(result)
      let wanted = VBenchSuite.videosAPrompt * prompts.prompts(of: dimension).count
      // A result may come without its videos.
      if !result.videos.isEmpty, result.videos.count < wanted {
        estimate.warning = "\(wanted - result.videos.count) of \(wanted) videos are missing"
      }
      if estimate.warning == nil || isAcceptingMissing { complete[dimension] = result.score }
      scores.append(
        SuiteScore(
          dimension.words, estimate, samples: result.videos.count,
          details: ["normalized": dimension.normalized(result.score)]))
    }
    let totals = VBenchTotals(complete)
    func add(_ name: String, _ value: Double?, of group: VBenchDimension.Group?) {
      guard let value else { return }
      let samples = entries.filter { group == nil || $0.key.group == group }.reduce(0) {
        $0 + $1.value.result.videos.count
      }
      scores.append(SuiteScore(name, Estimate(value), samples: samples))
    }
    add("quality", totals.quality, of: .quality)
    add("semantic", totals.semantic, of: .semantic)
    add("total", totals.total, of: nil)
    return scores
  }

  /// With an interval where the score is the mean over videos, in their unit.
  private static func estimate(_ result: VBenchResults.Dimension) throws -> Estimate {
    let values = result.videos.map(\.score)
    guard values.count > 1, abs(VBenchScorer.mean(values) - result.score) < 1e-6 else { return Estimate(result.score) }
    return Estimate(result.score, interval: try Estimate(meanOf: values, Resamples(of: values.count)).interval)
  }
}

extension VBenchDimension {
  /// "subject consistency"
  public var words: String { rawValue.replacing("_", with: " ") }
}
