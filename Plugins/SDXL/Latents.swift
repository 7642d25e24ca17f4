import Fewstep
import Files
import Tensors

/// Pictures that `fewstep prepare pictures` encoded, with their captions: real samples for a GAN or for training a teacher.
public final class Latents: DataSource {
  public let count: Int
  public let sampleShape: [Int]
  private let shards: ShardFolder
  private let device: Device
  /// Each picture's prompt.
  private let prompts: [Int]

  /// - Parameter backbone: whose model the latents must have been made by; nil asks for nothing.
  /// - Throws: `Failure` where the folder is none, is not finished, or was made by other networks.
  public init(_ path: String, for backbone: SDXL?, on device: Device) throws {
    shards = try ShardFolder(path, kind: "latents")
    if let pipeline = backbone?.pipeline {
      try refuse(path, shards, unlike: pipeline.promptFingerprint().merging(pipeline.imageFingerprint()))
    }
    count = shards.count
    sampleShape = try shards.rowShape("latents")
    self.device = device
    let known = Dictionary(
      (backbone?.prompts ?? []).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let found = known.isEmpty ? [] : try shards.texts("captions").compactMap { known[$0] }
    prompts = found.count == count ? found : Array(0..<count)
  }

  /// Numbered as the backbone's prompts where all captions are among them, else by position.
  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    func rows(_ name: String) throws -> Tensor { try shards.rows(name, positions).to(device).to(.float32) }
    let tensors = ["text": try rows("text"), "pooled": try rows("pooled"), "time-ids": try rows("time-ids")]
    return (try rows("latents"), Condition(promptIDs: positions.map { prompts[$0] }, tensors: tensors))
  }
}

/// Refuses shards that were prepared by other networks.
///
/// - Throws: `Failure` naming the components that differ.
func refuse(_ path: String, _ shards: ShardFolder, unlike fingerprint: Fingerprint) throws {
  let differences = shards.manifest.fingerprint.restricted(to: fingerprint).differences(from: fingerprint)
  guard differences.isEmpty else {
    throw Failure(
      .malformed, at: "\(path)/manifest.json",
      "it was prepared by another model: \(differences.joined(separator: "; "))",
      advice: "Prepare it again with this model: `fewstep prepare`.")
  }
}
