import Foundation
import Media
import Tensors

/// GenEval's verdicts on images whose objects a detector has found.
public struct GenEvalJudge {
  private let benchmark: GenEvalBenchmark
  private let root: String
  private let classifier: GenEvalColorClassifier?

  /// - Parameters:
  ///   - root: the layout's root, from which images are read if their colors are needed.
  ///   - classifier: determines the colors of objects that have none.
  public init(_ benchmark: GenEvalBenchmark, root: String, _ classifier: GenEvalColorClassifier?) {
    (self.benchmark, self.root, self.classifier) = (benchmark, root, classifier)
  }

  /// - Parameters:
  ///   - detections: those for prompts beyond the benchmark's limit are left out.
  ///   - progress: called with the number of judged images.
  /// - Throws: `Failure` naming an image that belongs to no prompt, or whose colors cannot be determined.
  public func callAsFunction(
    _ detections: [GenEvalDetections], progress: (Int) throws -> Void = { _ in }
  ) throws -> [GenEvalResult] {
    try benchmark.matching(detections).enumerated().map { number, seen in
      let prompt = benchmark.all[seen.index]
      let objects = GenEvalRules.kept(seen.objects, for: prompt.task)
      let verdict = try GenEvalRules.verdict(prompt, objects) { try colors(of: $0, in: seen) }
      try progress(number + 1)
      return GenEvalResult(seen, prompt, verdict, objects)
    }
  }

  private func colors(of objects: [GenEvalObject], in seen: GenEvalDetections) throws -> [GenEvalColor] {
    let said = objects.compactMap(\.color)
    if said.count == objects.count { return said }
    guard let classifier else {
      throw Failure(
        .malformed, at: "\(seen.place): \(seen.image)", "the color of the \(objects[0].className) is missing",
        advice: "Give each object a 'color', or a CLIP model that finds it (--clip).")
    }
    do {
      return try classifier.colors(RGBImage.read("\(root)/\(seen.image)").tensor(), objects)
    } catch var error as Failure {
      if error.place == GenEvalColorClassifier.place { error.place = "\(seen.place): \(seen.image)" }
      throw error
    }
  }
}
