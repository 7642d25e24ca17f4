import Files
import Foundation
import Tensors

/// The source of the objects in GenEval's images: the official scorer, its results, or another detector.
public struct GenEvalSource {
  /// The scorers' part of the scores' fingerprint.
  public let scorers: Fingerprint
  private let read: (BenchmarkSamples, ScoringProgress) throws -> [GenEvalResult]

  /// How to get the official scorer.
  public static let advice = """
    GenEval's own scorer: git clone https://github.com/djghosh13/geneval, make its environment, and run
      ./evaluation/download_models.sh DETECTOR. Then: --scorer geneval --detector DETECTOR.
      With another detector: --detections FILE.
    """

  /// - Parameter progress: used for work that is done here.
  public func results(_ samples: BenchmarkSamples, progress: ScoringProgress) throws -> [GenEvalResult] {
    try read(samples, progress)
  }

  /// The official scorer in a checkout of GenEval; it needs a CUDA GPU.
  ///
  /// - Parameters:
  ///   - detector: the folder of the detector's weights.
  ///   - note: called with the command line.
  public static func official(
    _ folder: String, detector: String, python: String, note: @escaping (String) -> Void
  ) throws -> GenEvalSource {
    let scorer = try OfficialScorer(folder, script: "evaluation/evaluate_images.py", python: python, advice: advice)
    let names = try? FileManager.default.contentsOfDirectory(atPath: detector)
    let weights = (names ?? []).filter { $0.hasSuffix(".pth") }.sorted()
    guard !weights.isEmpty else {
      throw Failure(.missing, at: "--detector", "there are no weights (.pth) in \(detector)", advice: advice)
    }
    let digests = try weights.map { try fileDigest($0, "\(detector)/\($0)") }.joined(separator: ", ")
    return GenEvalSource(scorers: ["scorer": try scorer.digest(), "detector": digests]) { samples, _ in
      let results = OfficialScorer.absolute("\(try samples.folder(for: scorer.script).path)/results.jsonl")
      try scorer.run(
        [
          scorer.script, OfficialScorer.absolute(samples.root), "--outfile", results, "--model-path",
          OfficialScorer.absolute(detector),
        ], writing: results, note: note)
      return try GenEvalResult.read(results)
    }
  }

  /// Results that the official scorer wrote earlier: results.jsonl.
  public static func results(_ path: String, of benchmark: GenEvalBenchmark) throws -> GenEvalSource {
    let given = try benchmark.matching(GenEvalResult.read(path))
    return GenEvalSource(scorers: ["scorer": try fileDigest("results", path)]) { _, _ in given }
  }

  /// Another detector's output, as JSON lines.
  ///
  /// - Parameter classifier: determines the colors of objects, if the file does not.
  public static func detections(
    _ path: String, of benchmark: GenEvalBenchmark, colors classifier: GenEvalColorClassifier?
  ) throws -> GenEvalSource {
    let detections = try benchmark.matching(GenEvalDetections.read(path))
    let isMasked = detections.contains { $0.objects.contains { $0.mask != nil } }
    let colors =
      try classifier?.fingerprint().merging(["crops": isMasked ? "masked" : "boxes"]).prefixed("colors")
      ?? ["colors": "given"]
    let scorers = try Fingerprint(["objects": fileDigest("detections", path)]).merging(colors)
    return GenEvalSource(scorers: scorers) { samples, progress in
      let results = try GenEvalJudge(benchmark, root: samples.root, classifier)(
        detections, progress: progress(detections.count, "judging"))
      if let folder = samples.folder { try GenEvalResult.write(results, to: "\(folder.path)/results.jsonl") }
      return results
    }
  }
}
