import Fewstep
import Storage
import Tensors

/// Pictures that `fewstep prepare pictures` encoded, with their captions: real samples for a GAN or for training a teacher.
public final class Latents: DataSource {
  public let count: Int
  public let sampleShape: [Int]
  private let shards: ShardFolder
  private let device: Device

  /// - Parameter pipeline: the model that the latents must have been made by; nil asks for nothing.
  /// - Throws: `StorageError` where the folder is none, is not finished, or was made by other networks.
  public init(_ path: String, for pipeline: SDXLPipeline?, on device: Device) throws {
    shards = try ShardFolder(path, kind: "latents")
    if let pipeline {
      try refuse(path, shards, madeOtherwiseThan: pipeline.textIdentity().merging(pipeline.pictureIdentity()) { $1 })
    }
    count = shards.count
    sampleShape = try shards.rowShape("latents")
    self.device = device
  }

  /// Numbered by position: each picture has a text of its own.
  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    func rows(_ name: String) throws -> Tensor { try shards.rows(name, positions).to(device).to(.float32) }
    let tensors = ["text": try rows("text"), "pooled": try rows("pooled"), "time-ids": try rows("time-ids")]
    return (try rows("latents"), Condition(prompts: positions, tensors: tensors))
  }
}

/// Prepared files belong to the networks they were made by.
///
/// - Throws: `StorageError` naming the component that differs.
func refuse(_ path: String, _ shards: ShardFolder, madeOtherwiseThan identity: [String: String]) throws {
  for (component, hash) in identity.sorted(by: { $0.key < $1.key }) where shards.manifest.attributes[component] != hash
  {
    throw StorageError(
      .malformed, at: "\(path)/manifest.json: \(component)", "it was made by another \(component)", expected: hash,
      got: shards.manifest.attributes[component] ?? "none",
      advice: "Prepare it again with this model: `fewstep prepare`.")
  }
}
