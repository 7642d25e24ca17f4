import ArgumentParser
import Benchmarks
import Fewstep
import Files
import Foundation
import Processes
import Tensors

/// What all benchmarks have in common.
struct BenchmarkArguments: ParsableArguments {
  @Argument(
    help: """
      A run's folder; a model's, in diffusers' layout; or samples that are there already: a folder in the benchmark's \
      layout, or the OUTPUT of an earlier call.
      """)
  var folder: String
  @Option(help: "Where samples and scores go; RUN/benchmarks/NAME by default.") var output: String?
  @Option(name: .customLong("seed"), help: "The seed of the noise; 42 by default.") var givenSeed: Int?
  @Option(help: "Samples made at once, and scored.") var batch = 8
  @Flag(help: "Make the samples, and do not score them.") var onlySamples = false
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
    if SourceArguments.isModel(folder), output == nil {
      throw ValidationError("--output: say where a model's samples go; nothing is written into its folder")
    }
  }

  private var isRun: Bool { FileManager.default.fileExists(atPath: RunFolder(folder).recipe) }

  /// Makes what is missing of the samples of a run or a model; of other folders, says what they hold.
  func samples(of suite: any Benchmark) throws -> BenchmarkSamples {
    guard isRun || SourceArguments.isModel(folder) else {
      return try BenchmarkSamples(in: folder, of: suite, scores: output)
    }
    let place = BenchmarkFolder(output ?? "\(folder)/benchmarks/\(suite.name)")
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
    // Before the folder is claimed: the model may read no texts.
    _ = try source.sampling([""], seed: seed, batch: batch)
    let record = GenerationRecord(
      benchmark: suite.name, prompts: suite.prompts, seed: seed, model: try source.fingerprint())
    let generation = try BenchmarkGeneration(suite, into: place, record)
    let there = suite.items.count - generation.missing.count
    let progress = Progress(total: suite.items.count, from: there)
    let words = "stopped; finished samples are in \(place.samples), and the same command goes on from there"
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
    note("samples: \(place.samples)\(there > 0 ? ", \(there) of \(suite.items.count) there already" : "")")
    try BenchmarkSheet(suite).write(below: place.samples, to: place.sheet)
    note("picture: \(place.sheet)")
    return BenchmarkSamples(root: place.samples, record: record, folder: place)
  }

  /// Writes the scores beside the samples, and prints them.
  func report(_ scores: BenchmarkScores, of samples: BenchmarkSamples) throws {
    if let folder = samples.folder {
      try scores.write(to: folder.scores)
      note("scores: \(folder.scores)")
    }
    try printResult(scores, json: json, scores.text)
  }

  /// A progress bar for scoring, which Ctrl-C ends.
  func scoring(_ count: Int, _ what: String) -> (Int) throws -> Void {
    Signals.listen()
    let progress = Progress(total: count)
    return { done in
      progress.update(done, what)
      if done < count { try Signals.check("stopped while scoring; the samples are kept") }
    }
  }
}
