import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Foundation
import Processes
import Tensors

/// The arguments that all benchmarks share.
struct BenchmarkArguments: ParsableArguments {
  @Argument(
    help: """
      A run's folder; a model's folder in diffusers' layout; or a folder of samples: in the benchmark's layout, or written \
      by an earlier call.
      """)
  var folder: String
  @Option(help: "The folder for samples and scores; RUN/benchmarks/NAME by default.") var into: String?
  @Option(name: .customLong("seed"), help: "The seed of the noise; 42 by default.") var givenSeed: Int?
  @Option(
    name: .customLong("batch"),
    help:
      "How many samples are generated, and scored, at once; by default as many as the run trains, one of a model, and 8 are scored."
  )
  var givenBatch: Int?
  @Flag(help: "Generate the samples and do not score them.") var onlySamples = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup(title: "The model") var source: SourceArguments

  private var seed: Int { givenSeed ?? 42 }
  /// How many samples are scored at once.
  var batch: Int { givenBatch ?? 8 }

  func validate() throws {
    try require("--seed", givenSeed, in: Limits.seeds)
    try require("--batch", givenBatch, in: 1...10_000)
    if isRun || SourceArguments.isModel(folder) {
      try source.validate(for: folder)
    } else if let option = source.given.first ?? givenSeed.map({ _ in "--seed" }) {
      throw ValidationError("\(option): \(folder) is neither a run nor a model; its samples are only scored")
    }
    if SourceArguments.isModel(folder), into == nil {
      throw ValidationError("--into: name a folder for the samples; nothing is written into a model's folder")
    }
  }

  private var isRun: Bool { FileManager.default.fileExists(atPath: RunFolder(folder).recipe) }

  /// Generates the missing samples of a run or a model; for other folders, finds the existing ones.
  func samples(of benchmark: any Benchmark) throws -> BenchmarkSamples {
    guard isRun || SourceArguments.isModel(folder) else {
      return try BenchmarkSamples(in: folder, of: benchmark, scores: into)
    }
    let place = BenchmarkFolder(into ?? "\(folder)/benchmarks/\(benchmark.name)")
    Signals.listen()
    let source = try source.open(folder)
    let sampling = try BenchmarkSampling(benchmark, from: source, seed: seed, into: place)
    let (all, existing) = (benchmark.items.count, sampling.existing)
    let progress = Progress(total: all, from: existing)
    let message = "stopped; finished samples are in \(place.samples); run the same command again to continue"
    let samples = try interruptible(by: { try Signals.check(message) }) {
      try sampling(batch: givenBatch) { progress.update($0, "\(benchmark.name), \(source.name)") }
    }
    note("samples: \(place.samples)\(existing > 0 ? ", \(existing) of \(all) existed" : "")")
    note("image: \(place.sheet)")
    return samples
  }

  /// Writes the scores next to the samples, and prints them.
  func report(_ scores: BenchmarkScores, of samples: BenchmarkSamples) throws {
    if let folder = samples.folder {
      try scores.write(to: folder.scores)
      note("scores: \(folder.scores)")
    }
    try printResult(scores, json: json, scores.text)
  }

  /// A progress bar for scoring. Ctrl-C stops the work.
  func scoring(_ count: Int, _ what: String) -> (Int) throws -> Void {
    Signals.listen()
    let progress = Progress(total: count)
    return { done in
      progress.update(done, what)
      if done < count { try Signals.check("stopped while scoring; the samples are kept") }
    }
  }
}
