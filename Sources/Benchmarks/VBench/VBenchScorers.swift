import Fewstep
import Tensors

/// Everything that scores some of VBench's dimensions: results files, networks, and VBench's own program.
public struct VBenchScorers {
  private let prompts: VBenchPrompts
  private let dimensions: [VBenchDimension]
  private let models: VBenchModels
  private let device: Device
  private let program: VBenchProgram?
  /// Those of the results files.
  private let given: VBenchScores

  /// Opens everything that the dimensions need, to find mistakes before hours of sampling.
  ///
  /// - Parameters:
  ///   - models: the networks of native dimensions.
  ///   - results: files that VBench's package wrote.
  ///   - isOfficial: whether VBench's own program scores the dimensions that are not native.
  /// - Throws: `Failure` if a file is missing or wrong, or the program is needed and not installed.
  public init(
    _ prompts: VBenchPrompts, _ dimensions: [VBenchDimension], models: VBenchModels, on device: Device,
    results: [String], isOfficial: Bool
  ) throws {
    (self.prompts, self.dimensions, self.models, self.device) = (prompts, dimensions, models, device)
    var given = VBenchScores(prompts)
    for file in results {
      for (dimension, result) in try VBenchResults(file, of: prompts).dimensions where dimensions.contains(dimension) {
        given.add(result, of: dimension, by: ["scorer": "a results file"])
      }
    }
    self.given = given
    let open = dimensions.filter { !given.dimensions.contains($0) }
    for dimension in open where models.has(dimension) { _ = try VBenchScorer(dimension, models, on: device) }
    let others = open.filter { !models.has($0) }.map(\.rawValue)
    program = isOfficial && !others.isEmpty ? VBenchProgram() : nil
    if isOfficial, !others.isEmpty, program == nil {
      throw Failure(
        .missing, at: "VBench",
        "there is no program vbench on the PATH (pip install vbench). It would be needed for: "
          + others.joined(separator: ", "))
    }
  }

  /// Scores a folder's videos. What cannot be scored is left out and noted.
  ///
  /// - Parameters:
  ///   - stillVideos: the folder of temporal_flickering's videos, if VBench's static_filter has chosen them.
  ///   - note: gets a line about what was found or left out.
  /// - Throws: `Failure` for videos or networks that cannot be used, and if there is no score at all; `Interrupted` after Ctrl-C.
  public func scores(
    of samples: BenchmarkSamples, stillVideos: String?, note: @escaping (String) -> Void, progress: ScoringProgress
  ) throws -> VBenchScores {
    var scores = given
    let scoring = VBenchScoring(
      prompts, samples, models: models, on: device, program: program, stillVideos: stillVideos, note: note)
    for dimension in dimensions where !scores.dimensions.contains(dimension) {
      try scoring.score(dimension, into: &scores, progress: progress)
    }
    if let advice = advice(on: scores) {
      if scores.dimensions.isEmpty { throw Failure(.missing, at: "vbench", advice) }
      note(advice)
    }
    return scores
  }

  /// How to score the dimensions that have no score; nil if all have one.
  private func advice(on scores: VBenchScores) -> String? {
    let missing = dimensions.filter { !scores.dimensions.contains($0) }
    guard !missing.isEmpty else { return nil }
    let networks =
      missing.contains(where: \.isNative) ? "The networks of native dimensions are options (--help). " : ""
    let package =
      VBenchProgram() == nil
      ? "VBench's package, which scores the others, is not installed (pip install vbench)."
      : "--official has VBench's package score what is not measured here."
    return "not scored: \(missing.map(\.rawValue).joined(separator: ", ")).\n  \(networks)\(package)"
  }
}
