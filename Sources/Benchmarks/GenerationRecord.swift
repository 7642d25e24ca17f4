import Fewstep
import Files
import Foundation
import Tensors

/// What the samples of a folder were made from: kept beside them, so that two models' never mix.
public struct GenerationRecord: Codable, Equatable, Sendable {
  public var suite: String
  /// SHA-256 of the prompts.
  public var prompts: String
  /// Of the noise.
  public var seed: Int
  /// The model and its sampler, by name: "weights", "steps", "guidance", "size", ...
  public var made: [String: String]

  public init(suite: String, prompts: String, seed: Int, made: [String: String]) {
    (self.suite, self.prompts, self.seed, self.made) = (suite, prompts, seed, made)
  }

  /// Nil where there is none: pictures from elsewhere.
  ///
  /// - Throws: `Failure` where the file is not what `claim` writes.
  public static func read(_ path: String) throws -> GenerationRecord? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder.pretty.decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw Failure(
        .malformed, at: path, "this is not what a benchmark's generation writes",
        advice: "Take another --output, or remove the folder's files that you do not need.")
    }
  }

  /// Makes a folder this record's, or finds that it is.
  ///
  /// - Throws: `BenchmarkError` naming what differs where the folder is another's; nothing is changed then.
  func claim(_ path: String) throws {
    if let there = try Self.read(path) {
      let differences = differences(from: there)
      guard differences.isEmpty else {
        throw BenchmarkError(
          "\(path): the folder's samples were made from something else: \(differences.joined(separator: "; ")).\n"
            + "  Take another --output, or remove that folder.")
      }
    } else {
      try AtomicFile.write(JSONEncoder.pretty.encode(self), to: path)
    }
  }

  private func differences(from there: GenerationRecord) -> [String] {
    func words(_ name: String, _ mine: String?, _ its: String?) -> String? {
      mine == its ? nil : "\(name) \(its ?? "none") there, \(mine ?? "none") now"
    }
    return [
      words("suite", suite, there.suite), words("prompts", prompts, there.prompts),
      words("seed", "\(seed)", "\(there.seed)"),
    ].compactMap(\.self)
      + Set(made.keys).union(there.made.keys).sorted().compactMap { words($0, made[$0], there.made[$0]) }
  }
}
