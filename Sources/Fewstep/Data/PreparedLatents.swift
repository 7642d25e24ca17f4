import Files
import Tensors

/// Images with captions that `fewstep prepare images` encoded, or videos that a program encoded by `LatentCache`: real
/// samples for a GAN or for training a teacher.
public final class PreparedLatents: DataSource {
  public let count: Int
  public let sampleShape: [Int]
  private let shards: ShardFolder
  /// The denoiser's inputs that the shards hold.
  private let names: [String]
  private let device: Device
  /// The prompt ID of each sample.
  private let promptIDs: [Int]

  /// - Parameter backbone: the model that must have made the latents; nil skips this check.
  /// - Throws: `Failure` if the folder holds no prepared latents, is unfinished, or was made by other networks.
  public init(_ path: String, for backbone: PretrainedBackbone?, on device: Device) throws {
    shards = try ShardFolder(path, kind: "latents", advice: ShardFolder.preparation)
    if let model = backbone?.model {
      try shards.check(madeBy: model.conditioner.fingerprint().merging(model.codec.fingerprint()))
    }
    count = shards.count
    sampleShape = try shards.rowShape("latents")
    names = try shards.rowNames().filter { $0 != "latents" }
    self.device = device
    let known = Dictionary(
      (backbone?.prompts ?? []).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let found = known.isEmpty ? [] : try shards.strings("captions").compactMap { known[$0] }
    promptIDs = found.count == count ? found : Array(0..<count)
  }

  /// Prompt IDs are the backbone's if its prompts include all captions, and positions otherwise.
  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    func rows(_ name: String) throws -> Tensor { try shards.rows(name, positions).to(device).to(.float32) }
    let tensors = Dictionary(uniqueKeysWithValues: try names.map { ($0, try rows($0)) })
    return (try rows("latents"), Condition(promptIDs: positions.map { promptIDs[$0] }, tensors: tensors))
  }
}
