import Fewstep
import Files
import Foundation
import Processes
import Tensors

/// Scores a folder's videos in each dimension, here or by VBench's own program. Each result is stored in a file with
/// its origin, so that nothing is scored twice.
public struct VBenchScoring {
  private let prompts: VBenchPrompts
  private let samples: BenchmarkSamples
  private let models: VBenchModels
  private let device: Device
  private let program: VBenchProgram?
  private let stillVideos: String?
  private let note: (String) -> Void

  /// - Parameters:
  ///   - models: the networks of native dimensions.
  ///   - program: scores the other dimensions.
  ///   - stillVideos: the folder of temporal_flickering's videos, if VBench's static_filter has selected them.
  ///   - note: called with a line about videos and results that were found or left out.
  public init(
    _ prompts: VBenchPrompts, _ samples: BenchmarkSamples, models: VBenchModels, on device: Device,
    program: VBenchProgram?, stillVideos: String?, note: @escaping (String) -> Void
  ) {
    (self.prompts, self.samples, self.models, self.device) = (prompts, samples, models, device)
    (self.program, self.stillVideos, self.note) = (program, stillVideos, note)
  }

  /// Adds a dimension to the scores, from its file if that is still valid. Adds nothing if its networks and the program
  /// are missing, or if there are no videos.
  ///
  /// - Throws: `Failure` for videos or networks that cannot be used; `Interrupted` after Ctrl-C.
  public func score(
    _ dimension: VBenchDimension, into scores: inout VBenchScores, progress: ScoringProgress
  ) throws {
    let file = samples.folder.map { "\($0.path)/results/\(dimension.rawValue)_eval_results.json" }
    let kept = file.flatMap { try? VBenchResults($0, of: prompts).dimensions[dimension] }
    let isNative = models.has(dimension)
    guard isNative || program != nil || kept?.origin != nil else { return }
    guard !prompts.prompts(of: dimension).isEmpty else {
      return note("\(dimension.rawValue): no prompt of \(prompts.path) is for it")
    }
    let folder = dimension == .temporalFlickering ? stillVideos ?? samples.root : samples.root
    let videos = try VBenchVideos(folder, of: dimension, prompts)
    guard !videos.found.isEmpty else {
      return note("\(dimension.rawValue): none of its \(videos.missing.count) videos is in \(folder)")
    }
    noteMissing(videos, of: dimension, in: folder)
    let scorer = isNative ? try VBenchScorer(dimension, models, on: device) : nil
    let program = isNative ? nil : program
    // nil for a program with an unknown version: its results are not reused.
    let fingerprint = try scorer?.fingerprint ?? program?.fingerprint()
    if let file, let kept, let origin = kept.origin, fingerprint != nil || program == nil,
      try origin == VBenchResults.Origin(videos, prompts, by: fingerprint ?? origin.scorer)
    {
      note("\(dimension.rawValue): from \(file), of the same videos")
      return scores.add(kept, of: dimension, by: origin.scorer, videos: videos)
    }
    let origin = try fingerprint.map { try VBenchResults.Origin(videos, prompts, by: $0) }
    var result: VBenchResults.Dimension
    if let scorer {
      result = try scores.measure(
        dimension, videos, by: scorer, progress: progress(videos.found.count, dimension.rawValue))
    } else if let program {
      let work = try samples.folder(for: "VBench's program").path
      note("\(dimension.rawValue): by VBench's own program")
      result = try official(program, dimension, folder, to: "\(work)/official/\(dimension.rawValue)")
      scores.add(result, of: dimension, by: fingerprint ?? ["scorer": "vbench"], videos: videos)
    } else {
      return note("\(dimension.rawValue): \(file ?? "") is of other videos, or of another list of prompts")
    }
    if let file {
      result.origin = origin
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try VBenchResults([dimension: result]).write(to: file)
    }
  }

  private func official(
    _ program: VBenchProgram, _ dimension: VBenchDimension, _ videos: String, to output: String
  ) throws -> VBenchResults.Dimension {
    do {
      return try program.score(dimension, of: videos, prompts, to: output, until: { Signals.isRequested })
    } catch {
      try Signals.check("stopped while scoring; the samples are kept")
      throw error
    }
  }

  private func noteMissing(_ videos: VBenchVideos, of dimension: VBenchDimension, in folder: String) {
    guard !videos.missing.isEmpty else { return }
    let all = videos.missing.count + videos.found.count
    note("\(dimension.rawValue): \(videos.missing.count) of \(all) videos are missing in \(folder):")
    for name in videos.missing.prefix(5) { note("  \(name)") }
    if videos.missing.count > 5 { note("  and \(videos.missing.count - 5) more") }
  }
}
