import ArgumentParser
import Benchmarks
import Fewstep
import Foundation
import Processes
import Tensors

struct BenchmarkVBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vbench",
    abstract: "VBench: videos of 944 prompts, judged by 16 dimensions (arXiv 2311.17982).",
    discussion: """
      Five dimensions are measured here, each where its networks are given: temporal_flickering (none), \
      subject_consistency (--dino), background_consistency and appearance_style (--clip-b32), aesthetic_quality \
      (--clip-l14, --aesthetic-head). The others come from VBench's package, by --official or from its results files.

      Example:  fewstep benchmark vbench videos/ --prompts VBench_full_info.json --dino dino_vitbase16_pretrain.pth
                fewstep benchmark vbench videos/ --prompts VBench_full_info.json --results a_eval_results.json
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "VBench_full_info.json, of the Python package vbench.") var prompts: String
  @Option(help: "Longer prompts that the model is asked for, a line for each entry of the list.") var augmented: String?
  @Option(help: "Only this dimension; may be repeated.") var dimension: [VBenchDimension] = []
  @Option(help: "Videos made of each of temporal_flickering's prompts; 25 where VBench's static_filter follows.")
  var flickeringVideos = VBenchBenchmark.videosAPrompt
  @Option(help: "Of videos that are made.") var framesPerSecond = 16.0
  @OptionGroup(title: "The scorers") var scorers: VBenchScorers

  private var dimensions: [VBenchDimension] {
    VBenchDimension.allCases.filter { dimension.isEmpty || dimension.contains($0) }
  }

  func validate() throws {
    try require(
      "--flickering-videos", flickeringVideos, in: VBenchBenchmark.videosAPrompt...VBenchBenchmark.mostVideos)
    guard (0.01...1000).contains(framesPerSecond) else {
      throw ValidationError("--frames-per-second: expected 0.01 to 1000, got \(framesPerSecond)")
    }
  }

  func run() throws {
    let list = try VBenchPrompts(prompts, augmented: augmented)
    let suite = try VBenchBenchmark(
      list, dimensions: Set(dimensions), flickering: flickeringVideos, framesPerSecond: framesPerSecond)
    var scores = VBenchScores(list)
    var program: VBenchProgram?
    if !arguments.onlySamples {
      for file in scorers.results {
        for (dimension, result) in try VBenchResults(file, of: list).dimensions where dimensions.contains(dimension) {
          scores.add(result, of: dimension, by: "a results file")
        }
      }
      // Before hours of sampling: what is to score may be missing, or something else.
      program = try scorers.check(dimensions.filter { !scores.dimensions.contains($0) })
    }
    let samples = try arguments.samples(of: suite)
    guard !arguments.onlySamples else { return }
    for dimension in dimensions where !scores.dimensions.contains(dimension) {
      try score(dimension, of: samples, list, program, into: &scores)
    }
    try tellUnscored(scores)
    try arguments.report(
      BenchmarkScores(
        lock: scores.lock, generation: samples.record,
        scores: scores.scores(acceptingMissing: scorers.acceptMissing)),
      of: samples)
  }

  /// Measures a dimension here or has it scored, where that has not been done before; does nothing where neither can be.
  private func score(
    _ dimension: VBenchDimension, of samples: BenchmarkArguments.Samples, _ list: VBenchPrompts,
    _ program: VBenchProgram?, into scores: inout VBenchScores
  ) throws {
    let file = samples.folder.map { "\($0.path)/results/\(dimension.rawValue)_eval_results.json" }
    let kept = file.flatMap { try? VBenchResults($0, of: list).dimensions[dimension] }
    let isNative = scorers.models.has(dimension)
    guard isNative || program != nil || kept?.origin != nil else { return }
    guard !list.prompts(of: dimension).isEmpty else {
      return note("\(dimension.rawValue): no prompt of \(prompts) is for it")
    }
    let folder = dimension == .temporalFlickering ? scorers.stillVideos ?? samples.root : samples.root
    let videos = try VBenchVideos(folder, of: dimension, list)
    guard !videos.found.isEmpty else {
      return note("\(dimension.rawValue): none of its \(videos.missing.count) videos is in \(folder)")
    }
    tellMissing(videos, of: dimension, in: folder)
    let scorer = isNative ? try VBenchScorer(dimension, scorers.models, on: scorers.scorerDevice) : nil
    let program = isNative ? nil : program
    // Nil of a program that does not say which it is: what it has scored is scored again.
    let identity = try scorer?.words ?? program?.version()
    if let file, let kept, let origin = kept.origin, identity != nil || program == nil,
      try origin == VBenchResults.Origin(videos, list, by: identity ?? origin.scorer)
    {
      note("\(dimension.rawValue): from \(file), of the same videos")
      return scores.add(kept, of: dimension, by: origin.scorer, videos: videos)
    }
    let origin = try identity.map { try VBenchResults.Origin(videos, list, by: $0) }
    var result: VBenchResults.Dimension
    if let scorer {
      result = try scores.measure(
        dimension, videos, by: scorer, progress: arguments.scoring(videos.found.count, dimension.rawValue))
    } else if let program {
      guard let work = samples.folder else {
        throw Failure(.usage, at: "--official", "its results go into a folder; give one with --output")
      }
      note("\(dimension.rawValue): by VBench's own program")
      result = try official(program, dimension, folder, list, to: "\(work.path)/official/\(dimension.rawValue)")
      scores.add(result, of: dimension, by: identity ?? "vbench", videos: videos)
    } else {
      return note("\(dimension.rawValue): what is in \(file ?? "") is of other videos, or of another list")
    }
    if let file {
      result.origin = origin
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try VBenchResults([dimension: result]).write(to: file)
    }
  }

  private func official(
    _ program: VBenchProgram, _ dimension: VBenchDimension, _ videos: String, _ list: VBenchPrompts,
    to output: String
  ) throws -> VBenchResults.Dimension {
    Signals.listen()
    do {
      return try program.score(
        dimension, of: videos, list, to: output, until: { Signals.isRequested })
    } catch {
      try Signals.check("stopped while scoring; the samples are kept")
      throw error
    }
  }

  private func tellMissing(_ videos: VBenchVideos, of dimension: VBenchDimension, in folder: String) {
    guard !videos.missing.isEmpty else { return }
    let all = videos.missing.count + videos.found.count
    note("\(dimension.rawValue): \(videos.missing.count) of \(all) videos are missing in \(folder):")
    for name in videos.missing.prefix(5) { note("  \(name)") }
    if videos.missing.count > 5 { note("  and \(videos.missing.count - 5) more") }
  }

  /// - Throws: `Failure` where there is no score at all.
  private func tellUnscored(_ scores: VBenchScores) throws {
    let missing = dimensions.filter { !scores.dimensions.contains($0) }
    guard !missing.isEmpty else { return }
    let names = missing.map(\.rawValue).joined(separator: ", ")
    var words = "not scored: \(names).\n  "
    if missing.contains(where: \.isNative) { words += "The networks of native dimensions are options (--help). " }
    words +=
      VBenchProgram() == nil
      ? "VBench's package, which scores the others, is not installed (pip install vbench)."
      : "--official has VBench's package score what is not measured here."
    if scores.dimensions.isEmpty { throw Failure(.missing, at: "vbench", words) }
    note(words)
  }
}

/// What VBench's dimensions are scored by.
struct VBenchScorers: ParsableArguments {
  @Option(help: "dino_vitbase16_pretrain.pth of facebookresearch/dino.") var dino: String?
  @Option(help: "OpenAI's CLIP ViT-B/32 with its tokenizer: a folder in transformers' layout.") var clipB32: String?
  @Option(help: "OpenAI's CLIP ViT-L/14: a folder in transformers' or open_clip's layout.") var clipL14: String?
  @Option(help: "sa_0_4_vit_l_14_linear.pth of LAION's aesthetic predictors.") var aestheticHead: String?
  @Option(help: "Where networks are computed: cpu, cuda or cuda:N.") var scorerDevice = Device.cpu
  @Option(help: "Scores that VBench's package has written (*_eval_results.json); may be repeated.")
  var results: [String] = []
  @Flag(help: "Have VBench's package score what is left; it needs a GPU and downloads its networks.")
  var official = false
  @Option(help: "temporal_flickering's videos, where VBench's static_filter has put the still ones.")
  var stillVideos: String?
  @Flag(help: "Totals also where videos are missing, as VBench's script has them.") var acceptMissing = false

  var models: VBenchModels {
    VBenchModels(dino: dino, clipB32: clipB32, clipL14: clipL14, aesthetic: aestheticHead)
  }

  /// Opens everything once that these dimensions need.
  ///
  /// - Returns: VBench's own program, where it is asked for.
  func check(_ dimensions: [VBenchDimension]) throws -> VBenchProgram? {
    try scorerDevice.requirePresence("--scorer-device")
    for dimension in dimensions where models.has(dimension) {
      _ = try VBenchScorer(dimension, models, on: scorerDevice)
    }
    let left = dimensions.filter { !models.has($0) }.map(\.rawValue)
    guard official, !left.isEmpty else { return nil }
    guard let program = VBenchProgram() else {
      throw Failure(
        .missing, at: "--official",
        "there is no program vbench on the PATH (pip install vbench). It would be needed for: "
          + left.joined(separator: ", "))
    }
    return program
  }
}

extension VBenchDimension: ExpressibleByArgument {}
