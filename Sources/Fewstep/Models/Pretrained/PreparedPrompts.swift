import Files
import Tensors

/// Prompts with their embeddings, as `fewstep prepare prompts` writes them.
final class PreparedPrompts {
  let prompts: [String]
  private let shards: ShardFolder
  private let names: [String]

  /// - Throws: `Failure` if the folder holds no prepared prompts, is unfinished, or was made by other text encoders.
  init(_ path: String, by conditioner: any TextConditioner) throws {
    shards = try ShardFolder(path, kind: "prompts", advice: ShardFolder.preparation)
    try shards.check(madeBy: conditioner.fingerprint())
    prompts = try shards.strings("prompts")
    names = try shards.rowNames()
  }

  /// The denoiser's inputs for prompts, by name, each [promptIDs.count, ...].
  func rows(_ promptIDs: [Int]) throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try names.map { ($0, try shards.rows($0, promptIDs)) })
  }

  /// The same inputs for "no prompt", each [1, ...].
  func nothing() throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try names.map { ($0, try shards.shared("unconditional/\($0)")) })
  }
}

extension ShardFolder {
  /// Refuses shards that were prepared by other networks.
  ///
  /// - Throws: `Failure` naming the components that differ.
  func check(madeBy fingerprint: Fingerprint) throws {
    let differences = manifest.fingerprint.restricted(to: fingerprint).differences(from: fingerprint)
    guard differences.isEmpty else {
      throw Failure(
        .malformed, at: "\(path)/manifest.json",
        "it was prepared by another model, or with other settings: \(differences.joined(separator: "; "))",
        advice:
          "Prepare it again with this model: `fewstep prepare`; settings of the recipe's backbone are given by --set.")
    }
  }
}
