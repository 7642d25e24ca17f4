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
  @Option(help: "How many samples are generated, and scored, at once.") var batch = 8
  @Flag(help: "Generate the samples and do not score them.") var onlySamples = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup(title: "The model") var source: SourceArguments

  private var seed: Int { givenSeed ?? 42 }

  func validate() throws {
    try require("--seed", givenSeed, in: Limits.seeds)
    try require("--batch", batch, in: 1...10_000)
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
  func samples(of suite: any Benchmark) throws -> BenchmarkSamples {
    guard isRun || SourceArguments.isModel(folder) else {
      return try BenchmarkSamples(in: folder, of: suite, scores: into)
    }
    let place = BenchmarkFolder(into ?? "\(folder)/benchmarks/\(suite.name)")
    Signals.listen()
    let source = try source.open(folder)
    let medium = source.backbone.medium
    let isJudged = if case .videos = medium { suite.judgesVideos } else { medium == .images && !suite.judgesVideos }
    guard isJudged else {
      throw Failure(
        .malformed, at: folder,
        "\(suite.name) judges \(suite.judgesVideos ? "videos" : "images"), but samples of this model are "
          + "\(medium) \(source.backbone.sampleShape)")
    }
    // Checked before the folder is claimed: the model may take no prompts.
    _ = try source.sampling([""], seed: seed, batch: batch)
    let record = GenerationRecord(
      benchmark: suite.name, prompts: suite.prompts, seed: seed, model: try source.fingerprint())
    let generation = try BenchmarkGeneration(suite, into: place, record)
    let there = suite.items.count - generation.missing.count
    let progress = Progress(total: suite.items.count, from: there)
    let words = "stopped; finished samples are in \(place.samples); run the same command again to continue"
    try generation(batch: batch) { texts, first in
      var sampling = try source.sampling(texts, seed: seed, batch: batch)
      sampling.first = first
      let samples = try source.samples(sampling, promptIDs: Array(texts.indices), ifStopped: words)
      guard let pixels = try noGrad({ try source.backbone.pixels(samples) }) else {
        throw Failure(.malformed, at: folder, "samples of this model family are points")
      }
      return pixels
    } progress: {
      progress.update($0, "\(suite.name), \(source.name)")
    }
    note("samples: \(place.samples)\(there > 0 ? ", \(there) of \(suite.items.count) existed" : "")")
    try BenchmarkSheet(suite).write(below: place.samples, to: place.sheet)
    note("image: \(place.sheet)")
    return BenchmarkSamples(root: place.samples, record: record, folder: place)
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
