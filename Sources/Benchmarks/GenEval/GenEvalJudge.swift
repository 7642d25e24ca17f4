import Foundation
import Media
import Tensors

/// GenEval's verdicts on pictures whose objects a detector has found.
public struct GenEvalJudge {
  private let suite: GenEvalBenchmark
  private let root: String
  private let classifier: GenEvalColorClassifier?

  /// - Parameters:
  ///   - root: the layout's, where pictures are read whose colours are asked for.
  ///   - classifier: of objects whose colour nobody has said.
  public init(_ suite: GenEvalBenchmark, root: String, _ classifier: GenEvalColorClassifier?) {
    (self.suite, self.root, self.classifier) = (suite, root, classifier)
  }

  /// - Parameters:
  ///   - detections: those of prompts beyond the suite's limit are left out.
  ///   - progress: how many pictures are judged.
  /// - Throws: `Failure` naming a picture that belongs to no prompt, or whose colours cannot be told.
  public func callAsFunction(
    _ detections: [GenEvalDetections], progress: (Int) throws -> Void = { _ in }
  ) throws -> [GenEvalResult] {
    try suite.matching(detections).enumerated().map { number, seen in
      let prompt = suite.all[seen.index]
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
