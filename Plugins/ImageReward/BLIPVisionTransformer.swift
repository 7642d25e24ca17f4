import Networks
import Storage
import Tensors

/// BLIP's image model (Li et al., arXiv 2201.12086): a vision transformer all of whose tokens are used. Parameters have BLIP's
/// names.
final class BLIPVisionTransformer {
  let shape: BLIPVisionShape
  private let classToken: Parameter
  private let patches: Convolution
  private let positions: Parameter
  private let blocks: [BLIPVisionBlock]
  private let norm: LayerNorm

  init(_ scope: Scope, _ shape: BLIPVisionShape) throws {
    self.shape = shape
    classToken = try scope.parameter("cls_token", [1, 1, shape.width], .normal(deviation: 0.02))
    patches = try Convolution(
      scope / "patch_embed" / "proj", 3, shape.width, kernel: shape.patch, stride: shape.patch, padding: 0)
    positions = try scope.parameter("pos_embed", [1, shape.patches + 1, shape.width], .normal(deviation: 0.02))
    blocks = try (0..<shape.layers).map { try BLIPVisionBlock(scope / "blocks" / $0, shape) }
    norm = try LayerNorm(scope / "norm", shape.width, epsilon: BLIPVisionShape.epsilon)
  }

  /// [B, patches + 1, width] of prepared pictures [B, 3, size, size]; the class token comes first.
  func callAsFunction(_ pixels: Tensor) throws -> Tensor {
    let (count, width) = (pixels.shape[0], shape.width)
    let grid = try patches(pixels.to(classToken.value.dtype))
    let tokens = try grid.reshaped([count, width, -1]).transposed(1, 2)
    let x = try concatenated([classToken.value.expanded([count, 1, width]), tokens], 1) + positions.value
    return try norm(blocks.reduce(x) { try $1($0) })
  }
}

/// A pre-normalised block whose queries, keys and values come from one layer.
private final class BLIPVisionBlock {
  private let norm1: LayerNorm
  private let qkv: Linear
  private let projection: Linear
  private let norm2: LayerNorm
  private let fc1: Linear
  private let fc2: Linear
  private let heads: Int

  init(_ scope: Scope, _ shape: BLIPVisionShape) throws {
    let width = shape.width
    norm1 = try LayerNorm(scope / "norm1", width, epsilon: BLIPVisionShape.epsilon)
    qkv = try Linear(scope / "attn" / "qkv", width, 3 * width)
    projection = try Linear(scope / "attn" / "proj", width, width)
    norm2 = try LayerNorm(scope / "norm2", width, epsilon: BLIPVisionShape.epsilon)
    fc1 = try Linear(scope / "mlp" / "fc1", width, shape.hidden)
    fc2 = try Linear(scope / "mlp" / "fc2", shape.hidden, width)
    heads = shape.heads
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let attended = try x + attention(norm1(x))
    return try attended + fc2(gelu(fc1(norm2(attended))))
  }

  private func attention(_ x: Tensor) throws -> Tensor {
    // [3, B, heads, L, width / heads]
    let parts = try qkv(x).reshaped([x.shape[0], x.shape[1], 3, heads, -1]).permuted([2, 0, 3, 1, 4])
    let y = try Tensors.attention(parts[0], parts[1], parts[2])
    return try projection(y.transposed(1, 2).reshaped(x.shape))
  }
}

/// The sizes of BLIP's image model.
struct BLIPVisionShape: Equatable {
  var width: Int
  var layers: Int
  var heads: Int
  /// Width of the hidden layer of each block's perceptron.
  var hidden: Int
  /// Pixels a side of the square pictures that it sees.
  var size: Int
  /// Pixels a side of the squares that a picture is cut into.
  var patch: Int

  static let epsilon = 1e-6
  /// BLIP's larger one at 224 pixels, which ImageReward v1.0 has.
  static let large = Self(width: 1024, layers: 24, heads: 16, hidden: 4096, size: 224, patch: 16)

  var patches: Int { (size / patch) * (size / patch) }
}

extension BLIPVisionShape {
  /// The sizes of the model whose tensors begin with `prefix`. Heads are 64 numbers wide, as in all of BLIP's.
  ///
  /// - Throws: `StorageError` naming the file and the tensor that no such model has.
  init(_ weights: any WeightSource, prefix: String) throws {
    func sizes(_ name: String, _ rank: Int) throws -> [Int] {
      let place = prefix + name
      guard weights.contains(place) else {
        throw StorageError(
          .malformed, at: weights.path, "not the weights of ImageReward", expected: "a tensor \(place)",
          got: weights.names.isEmpty ? "no tensors" : weights.names.prefix(3).joined(separator: ", ") + "...")
      }
      let shape = try weights.tensor(place).shape
      guard shape.count == rank, !shape.contains(0) else {
        throw unfit(name, expected: "\(rank) dimensions", got: "\(shape)")
      }
      return shape
    }
    func unfit(_ name: String, expected: String, got: String) -> StorageError {
      StorageError(
        .malformed, at: "\(weights.path): \(prefix)\(name)", expected: expected, got: got,
        advice: "The weights are those of another architecture.")
    }
    width = try sizes("cls_token", 3)[2]
    guard width % 64 == 0 else {
      throw unfit("cls_token", expected: "a width that is a multiple of 64, a head's", got: "\(width)")
    }
    heads = width / 64
    patch = try sizes("patch_embed.proj.weight", 4)[3]
    let positions = try sizes("pos_embed", 3)[1]
    let side = Int(Double(positions - 1).squareRoot().rounded())
    guard side > 0, side * side == positions - 1 else {
      throw unfit("pos_embed", expected: "a class token and a square of patches", got: "\(positions) positions")
    }
    size = side * patch
    hidden = try sizes("blocks.0.mlp.fc1.weight", 2)[0]
    var count = 0
    while weights.contains("\(prefix)blocks.\(count).norm1.weight") { count += 1 }
    layers = count
  }
}
