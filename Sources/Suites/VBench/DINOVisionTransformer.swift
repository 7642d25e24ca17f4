import Fewstep
import Networks
import Storage
import Tensors

private let bicubic = Operator("aten::upsample_bicubic2d")

/// DINO's vision transformer (Caron et al., arXiv 2104.14294), with the parameter names of its authors' checkpoints, such as
/// dino_vitbase16_pretrain.pth.
final class DINOVisionTransformer {
  /// Pixels a side of the pictures that it was trained on.
  let size: Int
  private let patch: Int
  /// Patches a side of those pictures.
  private let grid: Int
  private let classToken: Parameter
  private let positions: Parameter
  private let patches: Convolution
  private let blocks: [DINOBlock]
  private let norm: LayerNorm

  /// What the tensors of a checkpoint say of the network. Heads are 64 wide, as in all that are published.
  private struct Shape {
    static let head = 64
    let width: Int
    let patch: Int
    let grid: Int
    let layers: Int
    let hidden: Int
  }

  /// A hash of all weights.
  let identity: String

  /// A frozen network.
  ///
  /// - Throws: `StorageError` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  static func open(_ path: String, on device: Device) throws -> DINOVisionTransformer {
    let weights = try Weights.open(path)
    let store = ParameterStore(weights.parameters, device: device)
    let network = try weights.network(in: store) {
      try DINOVisionTransformer($0, Self.shape(of: weights), identity: weights.identity())
    }
    try store.setTrainable(false)
    return network
  }

  private init(_ scope: Scope, _ shape: Shape, identity: String) throws {
    self.identity = identity
    (size, patch, grid) = (shape.grid * shape.patch, shape.patch, shape.grid)
    let width = shape.width
    classToken = try scope.parameter("cls_token", [1, 1, width], .normal(deviation: 0.02))
    positions = try scope.parameter("pos_embed", [1, grid * grid + 1, width], .normal(deviation: 0.02))
    patches = try Convolution(
      scope / "patch_embed" / "proj", 3, width, kernel: patch, stride: patch, padding: 0)
    blocks = try (0..<shape.layers).map {
      try DINOBlock(scope / "blocks" / $0, width: width, heads: width / Shape.head, hidden: shape.hidden)
    }
    norm = try LayerNorm(scope / "norm", width, epsilon: DINOBlock.epsilon)
  }

  private static func shape(of weights: any WeightSource) throws -> Shape {
    func sizes(_ name: String, _ rank: Int) throws -> [Int] {
      guard weights.contains(name) else { throw ParameterError.missing(name) }
      let sizes = try weights.tensor(name).shape
      guard sizes.count == rank, sizes.allSatisfy({ $0 > 0 }) else {
        throw ParameterError.shape(name, expected: Array(repeating: -1, count: rank), got: sizes)
      }
      return sizes
    }
    let (positions, kernel) = (try sizes("pos_embed", 3), try sizes("patch_embed.proj.weight", 4))
    let (width, grid) = (positions[2], Int(Double(positions[1] - 1).squareRoot().rounded()))
    guard grid > 0, grid * grid == positions[1] - 1, width.isMultiple(of: Shape.head) else {
      throw ParameterError.shape("pos_embed", expected: [1, 14 * 14 + 1, 12 * Shape.head], got: positions)
    }
    let layers = Set(
      weights.names.compactMap { name in
        let parts = name.split(separator: ".")
        return parts.first == "blocks" ? parts.dropFirst().first.flatMap { Int($0) } : nil
      })
    return Shape(
      width: width, patch: kernel[3], grid: grid, layers: layers.count,
      hidden: try sizes("blocks.0.mlp.fc1.weight", 2)[0])
  }

  /// The class token's features, float32 [B, width], of pictures [B, 3, H, W] of any size, with ImageNet's mean and deviation
  /// taken off. What is left of a side behind the last whole patch is not looked at.
  func callAsFunction(_ pixels: Tensor) throws -> Tensor {
    let grid = try patches(pixels)
    let (count, width) = (grid.shape[0], grid.shape[1])
    let tokens = try grid.reshaped([count, width, -1]).transposed(1, 2)
    let places = try positions(
      rows: grid.shape[2], columns: grid.shape[3],
      isTrainedSize: tokens.shape[1] == self.grid * self.grid && pixels.shape[2] == pixels.shape[3])
    let x = try concatenated([classToken.value.expanded([count, 1, width]), tokens], 1) + places
    return try norm(blocks.reduce(x) { try $1($0) })[.all, 0]
  }

  /// Position embeddings [1, 1 + rows · columns, width], stretched bicubically to another grid. The authors' factor is of a
  /// tenth of a patch more than there are: it decides which places are looked up.
  private func positions(rows: Int, columns: Int, isTrainedSize: Bool) throws -> Tensor {
    guard !isTrainedSize else { return positions.value }
    let places = try positions.value.sliced(1, from: 1).reshaped([1, grid, grid, -1]).permuted([0, 3, 1, 2])
    func factor(_ length: Int) -> OperatorArgument { .double((Double(length) + 0.1) / Double(grid)) }
    let stretched = try bicubic(
      .tensor(places), .ints([rows, columns]), .bool(false), factor(rows), factor(columns))
    let width = stretched.shape[1]
    let rest = try stretched.permuted([0, 2, 3, 1]).reshaped([1, -1, width])
    return try concatenated([positions.value.sliced(1, to: 1), rest], 1)
  }
}

private final class DINOBlock {
  static let epsilon = 1e-6

  private let norm1: LayerNorm
  private let qkv: Linear
  private let projection: Linear
  private let norm2: LayerNorm
  private let fc1: Linear
  private let fc2: Linear
  private let heads: Int

  init(_ scope: Scope, width: Int, heads: Int, hidden: Int) throws {
    norm1 = try LayerNorm(scope / "norm1", width, epsilon: Self.epsilon)
    qkv = try Linear(scope / "attn" / "qkv", width, 3 * width)
    projection = try Linear(scope / "attn" / "proj", width, width)
    norm2 = try LayerNorm(scope / "norm2", width, epsilon: Self.epsilon)
    fc1 = try Linear(scope / "mlp" / "fc1", width, hidden)
    fc2 = try Linear(scope / "mlp" / "fc2", hidden, width)
    self.heads = heads
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let attended = try x + projection(attended(norm1(x)))
    return try attended + fc2(gelu(fc1(norm2(attended))))
  }

  private func attended(_ x: Tensor) throws -> Tensor {
    // [B, L, 3 · width] -> 3 of [B, heads, L, width / heads]
    let parts = try qkv(x).reshaped([x.shape[0], x.shape[1], 3, heads, -1]).permuted([2, 0, 3, 1, 4])
    return try attention(parts[0], parts[1], parts[2]).transposed(1, 2).reshaped(x.shape)
  }
}
