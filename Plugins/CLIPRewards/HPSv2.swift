import Encoders
import Fewstep
import Files
import Foundation
import Tensors

/// The two published sets of weights of one network. Their scores are not comparable.
public enum HPSVersion: String, CaseIterable, Sendable {
  case v20 = "v2.0"
  case v21 = "v2.1"

  /// A published file.
  struct Published {
    var version: HPSVersion
    var bytes: Int
    /// SHA-256.
    var hash: String
  }

  private static let published = [
    Published(
      version: .v20, bytes: 1_972_484_501, hash: "07cb0d20626232204ca3a6ec53ff5984e7e53212a8a7b0e0ec2bac1bdaf125a1"),
    Published(
      version: .v20, bytes: 8_063_374_362, hash: "9defdb2ba952d35ec1cb3334554bd4033e415d1397d742a9946d2ac884ed53a1"),
    Published(
      version: .v21, bytes: 1_972_490_005, hash: "c57a38fb4a2f7e7c15bf00da2ea377cdf165448b4dd1052a484c215a998c9837"),
  ]

  /// Refuses the other version's published file. For any other file the recipe's version is trusted.
  ///
  /// - Throws: `Failure` with both versions. A file that cannot be read causes an error when its tensors are read.
  func check(_ path: String, against published: [Published] = Self.published) throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let bytes = (attributes?[.size] as? NSNumber)?.intValue
    // Hashing takes seconds, so only files of the published sizes are hashed.
    for other in published where other.version != self && other.bytes == bytes {
      guard try SHA256.hash(of: path) == other.hash else { continue }
      throw Failure(
        .malformed, at: path, "these are the weights of HPS \(other.version.rawValue)",
        expected: "those of \(rawValue), as the recipe says", got: "SHA-256 \(other.hash.prefix(12))...",
        advice: "Set `version: \(other.version.rawValue)`, or take the other file.")
    }
  }
}

extension CLIPRewards {
  /// HPSv2's scorer: images padded to squares, and the plain cosine.
  ///
  /// - Parameters:
  ///   - weights: a file of the named version.
  ///   - config: open_clip's config of the model; nil for ViT-H-14.
  ///   - tokenizer: a folder in transformers' layout.
  ///   - precision: the dtype in which the model is kept and computed.
  ///   - batch: the number of images that the model gets at once.
  ///   - frames: the frames of videos that are scored.
  /// - Throws: `Failure` if a file is missing, malformed, or of the other version.
  public static func hpsv2(
    _ weights: String, _ version: HPSVersion, config: String? = nil, tokenizer: String, precision: DType, batch: Int,
    frames: VideoFrames = VideoFrames(), _ context: PluginContext
  ) throws -> CLIPReward {
    try version.check(weights)
    let configuration = try config.map { try CLIPConfiguration(openCLIP: ModelConfig($0)) } ?? .vitH14
    let model = try CLIPModel(Weights.open(weights), configuration, dtype: precision, on: context.device)
    let embeddings = try PromptEmbeddings(model, tokenizer: tokenizer, on: context.device)
    return CLIPReward(
      model, CLIPImageProcessing(size: configuration.vision.size, .pad), .fit(embeddings) { $0 }, batch: batch,
      frames: frames, context)
  }
}
