import Fewstep
import Tensors

/// Generates a benchmark's samples by a run or a model, into a folder that is theirs.
public struct BenchmarkSampling {
  /// Files that existed before.
  public let existing: Int
  private let benchmark: any Benchmark
  private let source: SampleSource
  private let folder: BenchmarkFolder
  private let record: GenerationRecord
  private let generation: BenchmarkGeneration
  private let seed: Int

  /// Claims the folder. May read all weights, for the record.
  ///
  /// - Throws: `Failure` if the benchmark does not judge such samples, the model takes no prompts, or the folder holds other
  ///   samples.
  public init(_ benchmark: any Benchmark, from source: SampleSource, seed: Int, into folder: BenchmarkFolder) throws {
    (self.source, self.folder, self.seed) = (source, folder, seed)
    guard let accepting = try benchmark.accepting(source.backbone.medium) else {
      throw Failure(
        .malformed, at: source.folder,
        "\(benchmark.name) judges \(benchmark.judgesVideos ? "videos" : "images"), but samples of this model are "
          + "\(source.backbone.medium) \(source.backbone.sampleShape)")
    }
    self.benchmark = accepting
    // Checked before the folder is claimed: the model may take no prompts.
    _ = try source.generator([""], seed: seed, batch: 1)
    record = GenerationRecord(
      benchmark: benchmark.name, prompts: benchmark.prompts, seed: seed, model: try source.fingerprint())
    generation = try BenchmarkGeneration(accepting, into: folder, record)
    existing = benchmark.items.count - generation.missing.count
  }

  /// Generates what is missing, and an image of some samples next to them.
  ///
  /// - Parameters:
  ///   - batch: samples made at once; nil takes the source's.
  ///   - progress: called with the number of files that exist.
  public func callAsFunction(batch: Int? = nil, progress: (Int) throws -> Void = { _ in }) throws -> BenchmarkSamples {
    let batch = batch ?? source.batch
    try generation(batch: batch) { prompts, first in
      var generator = try source.generator(prompts, seed: seed, batch: batch)
      generator.first = first
      let samples = try source.samples(generator, promptIDs: Array(prompts.indices))
      guard let pixels = try source.backbone.pixels(samples, batch: batch) else {
        throw Failure(.malformed, at: source.folder, "samples of this model family are points")
      }
      return pixels
    } progress: {
      try progress($0)
    }
    try BenchmarkSheet(benchmark).write(below: folder.samples, to: folder.sheet)
    return BenchmarkSamples(root: folder.samples, record: record, folder: folder)
  }
}
