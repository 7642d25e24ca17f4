import Files
import Foundation
import Tensors

/// The samples of a benchmark, generated or found.
public struct BenchmarkSamples: Sendable {
  /// The official layout's root.
  public let root: String
  /// nil for samples from elsewhere.
  public let record: GenerationRecord?
  /// The folder for scores; nil if they are only printed.
  public let folder: BenchmarkFolder?

  /// Samples that have just been generated.
  public init(root: String, record: GenerationRecord?, folder: BenchmarkFolder?) {
    (self.root, self.record, self.folder) = (root, record, folder)
  }

  /// Existing samples, in the benchmark's layout or in the folder of an earlier call.
  ///
  /// - Parameter scores: the folder for scores; by default the earlier call's.
  /// - Throws: `Failure` if there is no such folder, or its samples were made for other prompts.
  public init(in folder: String, of benchmark: any Benchmark, scores: String? = nil) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure(.missing, at: folder, "there is no such folder")
    }
    let place = scores.map { BenchmarkFolder($0) }
    if let place {
      try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: true)
      try AtomicFile.checkWritable(place.scores)
    }
    let made = BenchmarkFolder(folder)
    guard let record = try GenerationRecord.read(made.record) else {
      self.init(root: folder, record: nil, folder: place)
      return
    }
    guard (record.benchmark, record.prompts) == (benchmark.name, benchmark.prompts) else {
      throw Failure(
        .malformed, at: folder,
        record.benchmark == benchmark.name
          ? "its samples were made for other prompts, or for these in another order"
          : "its samples were made for \(record.benchmark), not for \(benchmark.name)")
    }
    self.init(root: made.samples, record: record, folder: place ?? made)
  }

  /// The folder for the files of an external scorer.
  ///
  /// - Throws: `Failure` if there is none.
  func folder(for scorer: String) throws -> BenchmarkFolder {
    guard let folder else {
      throw Failure(.usage, at: scorer, "its results need a folder", advice: "Name one with --into.")
    }
    return folder
  }
}

/// Makes a progress bar for `count` items of work. It is called with the number that are done, and may throw to stop
/// the work.
public typealias ScoringProgress = (_ count: Int, _ what: String) -> (Int) throws -> Void
