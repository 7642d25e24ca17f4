import Evaluation
import Fewstep
import Foundation
import Media
import Metrics
import Tensors

/// Scores COCO's images as DMD2 does (arXiv 2405.14867, its main/coco_eval), by FID at a resolution, patch-FID and CLIP
/// score; and by CMMD.
public struct COCOScores {
  /// The version of the scores' definitions here.
  static let version = 1

  /// The scores that have been added so far.
  public private(set) var scores: [BenchmarkScore] = []
  private let benchmark: COCOBenchmark
  private let root: String
  private let batch: Int
  private var scorers = Fingerprint()

  /// A scorer's progress: the number of finished images, the total, and a description.
  public typealias Report = (_ done: Int, _ count: Int, _ what: String) throws -> Void
  private let report: Report

  /// - Parameters:
  ///   - root: where the images are.
  ///   - batch: the number of images that a network gets at once.
  /// - Throws: `Failure` if images are missing.
  public init(_ benchmark: COCOBenchmark, root: String, batch: Int, report: @escaping Report = { _, _, _ in }) throws {
    (self.benchmark, self.root, self.batch, self.report) = (benchmark, root, batch, report)
    try benchmark.checkPresence(below: root)
  }

  /// Everything besides the samples that the scores depend on.
  public var fingerprint: Fingerprint {
    Fingerprint(
      benchmark: benchmark.name, version: Self.version, prompts: benchmark.prompts, samples: benchmark.items.count,
      scorers: scorers
    )
  }

  /// Adds the FID of images after `fit`: "FID" at a resolution, "patch-FID" in patches.
  public mutating func addFrechetDistance(
    _ name: String, _ network: Inception, _ fit: ImageFit, to real: RealImages
  ) throws {
    try add(name, network, fit, to: real) { try FrechetDistance(to: FeatureStatistics($0))($1, $2) }
  }

  /// Adds the CMMD of whole images.
  public mutating func addCMMD(_ network: CLIPEmbedding, to real: RealImages) throws {
    try add("CMMD", network, .whole, to: real) { try CMMD(to: $0)($1, $2) }
  }

  /// Adds the mean cosine of images with their captions.
  public mutating func addCLIPScore(_ score: CLIPScore) throws {
    let cosines = try stride(from: 0, to: benchmark.items.count, by: batch).flatMap { start in
      let part = Array(benchmark.items[start..<min(start + batch, benchmark.items.count)])
      let images = try inParallel(part) { [root] in try RGBImage.read("\(root)/\($0.path)").tensor() }
      let values = try score.cosines(images: images, captions: part.map(\.prompt))
      try report(start + part.count, benchmark.items.count, "CLIP score")
      return values
    }
    let estimate = try Estimate(meanOf: cosines, Resamples(of: cosines.count))
    scores.append(BenchmarkScore("CLIP score", estimate, samples: cosines.count))
    scorers = scorers.merging(score.fingerprint.prefixed("CLIP score"))
  }

  private mutating func add(
    _ name: String, _ network: any ImageNetwork, _ fit: ImageFit, to real: RealImages,
    _ measure: (_ real: Tensor, _ generated: Tensor, Resamples) throws -> Estimate
  ) throws {
    let real = try real.features(network, fit, batch: batch) { try report($0, $1, "\(name), real images") }
    let images = benchmark.items.map { ImageSource.Image(file: "\(root)/\($0.path)") }
    let generated = try ImageFeatures(of: images, network, fit, batch: batch) { done in
      try report(done, images.count, name)
    }
    let count = generated.names.count
    let estimate = try measure(real.values, generated.values, Resamples(of: count))
    scores.append(
      BenchmarkScore(name, estimate, samples: count, details: estimate.bias.map { ["bias of so few samples": $0] }))
    scorers = scorers.merging(
      generated.fingerprint.merging(["real images": "\(real.names.count), \(real.images)"]).prefixed(name))
  }
}
