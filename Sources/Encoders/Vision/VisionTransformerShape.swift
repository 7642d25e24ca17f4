import Files
import Tensors

/// The sizes of a `VisionTransformer`.
public struct VisionTransformerShape: Equatable, Sendable {
  public var width: Int
  public var layers: Int
  /// The width of the hidden layer in each block's MLP.
  public var hidden: Int
  /// The side of the square patches of an image, in pixels.
  public var patch: Int
  /// The number of patches per side of the square training images.
  public var grid: Int

  static let epsilon = 1e-6
  /// The width of a head in BLIP's and DINO's published models.
  static let headWidth = 64
  /// ViT-L/16 at 224 pixels, as in ImageReward v1.0.
  public static let large = Self(width: 1024, layers: 24, hidden: 4096, patch: 16, grid: 14)

  /// The side of the training images in pixels.
  public var size: Int { grid * patch }
}

extension VisionTransformerShape {
  /// The sizes of the model whose tensors begin with `prefix`.
  ///
  /// - Throws: `Failure` naming the file and the tensor that does not belong to such a model.
  public init(_ weights: any WeightSource, prefix: String = "") throws {
    func unfit(_ name: String, _ problem: String = "", expected: String? = nil, got: String) -> Failure {
      Failure(
        .malformed, at: "\(weights.path): \(prefix)\(name)", problem, expected: expected, got: got,
        advice: "The weights are those of another architecture.")
    }
    func sizes(_ name: String, _ rank: Int) throws -> [Int] {
      guard weights.contains(prefix + name) else {
        let others = weights.names.isEmpty ? "no tensors" : weights.names.prefix(3).joined(separator: ", ") + "..."
        throw unfit(name, "there is no such tensor", got: others)
      }
      let shape = try weights.tensor(prefix + name).shape
      guard shape.count == rank, !shape.contains(0) else {
        throw unfit(name, expected: "\(rank) dimensions", got: "\(shape)")
      }
      return shape
    }
    width = try sizes("cls_token", 3)[2]
    guard width.isMultiple(of: Self.headWidth) else {
      throw unfit("cls_token", expected: "a width that is a multiple of \(Self.headWidth), a head's", got: "\(width)")
    }
    let positions = try sizes("pos_embed", 3)[1]
    grid = Int(Double(positions - 1).squareRoot().rounded())
    guard grid > 0, grid * grid == positions - 1 else {
      throw unfit("pos_embed", expected: "a class token and a square of patches", got: "\(positions) positions")
    }
    patch = try sizes("patch_embed.proj.weight", 4)[3]
    hidden = try sizes("blocks.0.mlp.fc1.weight", 2)[0]
    var count = 0
    while weights.contains("\(prefix)blocks.\(count).norm1.weight") { count += 1 }
    layers = count
  }
}
