import Fewstep
import Foundation
import Tensors

/// What a score depends on beside the model: scores are compared only where all of it is the same.
public struct EvaluationLock: Codable, Equatable, Sendable {
  /// Of the metrics' definitions; raised when a change of the code would change a number.
  public static let currentVersion = 1

  public var version: Int
  /// Of the feature network's tensors.
  public var features: String
  /// Of the real samples.
  public var reference: String
  /// How many samples a score is computed from.
  public var samples: Int
  /// Of the noise that samples are made from.
  public var seed: Int
  /// The settings of the reward that samples are scored by.
  public var reward: String?

  private var rewardWords: String { reward ?? "none" }

  /// What differs, in words; empty where scores may be compared.
  public func differences(from other: EvaluationLock) -> [String] {
    func words<Value: Equatable>(_ name: String, _ path: KeyPath<EvaluationLock, Value>) -> String? {
      self[keyPath: path] == other[keyPath: path] ? nil : "\(name) \(self[keyPath: path]) and \(other[keyPath: path])"
    }
    return [
      words("metric version", \.version), words("feature network", \.features), words("real samples", \.reference),
      words("sample count", \.samples), words("seed", \.seed), words("reward", \.rewardWords),
    ].compactMap { $0 }
  }
}

/// A run's scores, with their lock: what `evaluation.json` holds.
public struct EvaluationResult: Codable, Sendable {
  public var lock: EvaluationLock
  public var scores: [Score]

  public init(lock: EvaluationLock, scores: [Score]) {
    self.lock = lock
    self.scores = scores
  }

  /// - Throws: `ComparisonError` where the file is not what `write` makes.
  public static func load(_ path: String) throws -> EvaluationResult {
    do {
      return try JSONDecoder.pretty.decode(EvaluationResult.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw ComparisonError(
        "\(path): not scores as `fewstep run` writes them.\n"
          + "  To write them again: fewstep evaluate RUN --json > \(path)")
    }
  }
}
