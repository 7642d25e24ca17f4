import Fewstep
import Files
import Foundation
import Tensors

/// A run's scores, and everything besides the model that they depend on: the content of `evaluation.json`.
public struct EvaluationResult: Codable, Sendable {
  /// The metrics' version, the feature network, the real samples, the number of samples, their seed, the reward. Scores
  /// are compared only if these are the same.
  public var fingerprint: Fingerprint
  /// One score for each model and sampler.
  public var scores: [Score]

  /// Scores with their fingerprint.
  public init(fingerprint: Fingerprint, scores: [Score]) {
    self.fingerprint = fingerprint
    self.scores = scores
  }

  /// - Throws: `Failure` if the file does not hold an evaluation.
  public static func load(_ path: String) throws -> EvaluationResult {
    do {
      return try JSONDecoder.pretty.decode(EvaluationResult.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw Failure(
        .malformed, at: path, "it does not hold scores as `fewstep run` writes them",
        advice: "Write them again: fewstep evaluate RUN --json > \(path)")
    }
  }
}
