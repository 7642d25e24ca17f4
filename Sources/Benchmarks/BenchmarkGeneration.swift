import Fewstep
import Foundation
import Tensors

/// Makes a benchmark's files, and continues after an interruption: each file is complete or absent.
public struct BenchmarkGeneration {
  /// Pixels [samples, 3, H, W] (or [samples, 3, F, H, W]) in 0...1 for as many prompts.
  ///
  /// - Parameter first: the number of the first sample, which determines the noise.
  public typealias Sampler = (_ prompts: [String], _ first: Int) throws -> Tensor

  private let benchmark: any Benchmark
  private let root: String

  /// Claims the folder for samples of this record.
  ///
  /// - Throws: `Failure` if the folder holds other samples.
  public init(
    _ benchmark: any Benchmark, into folder: BenchmarkFolder, _ record: GenerationRecord
  ) throws {
    (self.benchmark, root) = (benchmark, folder.samples)
    let files = FileManager.default
    try files.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let others = try files.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
    guard try others.isEmpty || GenerationRecord.read(folder.record) != nil else {
      throw Failure(
        .malformed, at: folder.path, "the folder holds unrelated files, such as \(others[0])",
        advice: "Choose a new folder.")
    }
    try record.claim(folder.record)
    try files.createDirectory(atPath: root, withIntermediateDirectories: true)
    try benchmark.prepare(root)
  }

  /// The items whose files are missing.
  public var missing: [BenchmarkItem] {
    benchmark.items.filter { !FileManager.default.fileExists(atPath: "\(root)/\($0.path)") }
  }

  /// Makes the missing items.
  ///
  /// - Parameters:
  ///   - batch: the number of samples made at once. The groups are always the same, even after an interruption: a
  ///     sample's last bits may depend on its batch.
  ///   - progress: called with the number of existing items.
  public func callAsFunction(batch: Int, sampler: Sampler, progress: (Int) throws -> Void) throws {
    let missing = missing
    var done = benchmark.items.count - missing.count
    let wanted = Set(missing.map(\.path))
    for group in Self.groups(benchmark.items, batch: batch) where group.contains(where: { wanted.contains($0.path) }) {
      let prompts = group.flatMap { item in item.samples.map { _ in item.prompt } }
      let first = group[0].samples.lowerBound
      let pixels = try sampler(prompts, first)
      for item in group where wanted.contains(item.path) {
        let path = "\(root)/\(item.path)"
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let rows = item.samples.lowerBound - first..<item.samples.upperBound - first
        try benchmark.write(pixels.rows(rows), of: item, to: path)
        done += 1
        try progress(done)
      }
    }
  }

  /// Groups of consecutive items with `batch` samples in all, or a single item that has more.
  static func groups(_ items: [BenchmarkItem], batch: Int) -> [[BenchmarkItem]] {
    var groups = [[BenchmarkItem]]()
    for item in items {
      if let last = groups.last, let end = last.last?.samples.upperBound, end == item.samples.lowerBound,
        item.samples.upperBound - last[0].samples.lowerBound <= batch
      {
        groups[groups.count - 1].append(item)
      } else {
        groups.append([item])
      }
    }
    return groups
  }
}
