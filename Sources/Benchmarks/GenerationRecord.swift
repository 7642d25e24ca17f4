import Fewstep
import Files
import Foundation
import Tensors

/// The origin of a folder's samples, in `generation.json`, so that samples of two models never mix.
public struct GenerationRecord: Codable, Equatable, Sendable {
  /// The benchmark, the prompts' hash, the seed, the model and its sampler.
  public let fingerprint: Fingerprint

  /// - Parameters:
  ///   - prompts: the SHA-256 of the prompts.
  ///   - seed: the seed of the noise.
  ///   - model: the model and its sampler: "weights", "steps", "guidance", "size", ...
  public init(benchmark: String, prompts: String, seed: Int, model: Fingerprint) {
    fingerprint = model.merging(["benchmark": benchmark, "prompts": prompts, "seed": "\(seed)"])
  }

  /// The benchmark's name.
  public var benchmark: String { fingerprint["benchmark"] ?? "" }
  /// The prompts' SHA-256.
  public var prompts: String { fingerprint["prompts"] ?? "" }

  /// Reads the record; nil if the folder has none, for samples of unknown origin.
  ///
  /// - Throws: `Failure` if the file was not written by `claim`.
  public static func read(_ path: String) throws -> GenerationRecord? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder.pretty.decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw Failure(
        .malformed, at: path, "it is not a record of generated samples",
        advice: "Choose another folder, or remove the file.")
    }
  }

  /// Writes the record into a new folder, or checks that the folder's record is the same.
  ///
  /// - Throws: `Failure` with the differences if the folder's samples have another origin. Then nothing is changed.
  func claim(_ path: String) throws {
    guard let recorded = try Self.read(path) else {
      return try AtomicFile.write(JSONEncoder.pretty.encode(self), to: path)
    }
    let differences = recorded.fingerprint.differences(from: fingerprint)
    guard differences.isEmpty else {
      throw Failure(
        .malformed, at: path,
        "the folder's samples were made from something else: \(differences.joined(separator: "; "))",
        advice: "Choose another folder, or remove this one.")
    }
  }
}
