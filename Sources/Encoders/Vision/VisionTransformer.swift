import Networks
import Tensors

private let bicubic = Operator("aten::upsample_bicubic2d")

/// A vision transformer (Dosovitskiy et al., arXiv 2010.11929) with timm's parameter names, as in BLIP's and DINO's
/// checkpoints. CLIP's differs: see `CLIPVisionTransformer`.
public final class VisionTransformer {
  public let shape: VisionTransformerShape
  private let classToken: Parameter
  private let patches: Convolution
  private let positions: Parameter
  private let blocks: [VisionTransformerBlock]
  private let norm: LayerNorm

  public init(_ scope: Scope, _ shape: VisionTransformerShape) throws {
    self.shape = shape
    let width = shape.width
    classToken = try scope.parameter("cls_token", [1, 1, width], .normal(std: 0.02))
    patches = try Convolution(
      scope / "patch_embed" / "proj", 3, width, kernel: shape.patch, stride: shape.patch, padding: 0)
    positions = try scope.parameter("pos_embed", [1, shape.grid * shape.grid + 1, width], .normal(std: 0.02))
    blocks = try (0..<shape.layers).map { try VisionTransformerBlock(scope / "blocks" / $0, shape) }
    norm = try LayerNorm(scope / "norm", width, epsilon: VisionTransformerShape.epsilon)
  }

  /// Tokens [B, 1 + patches, width], the class token first, for prepared images [B, 3, H, W] of any size. Pixels after
  /// the last whole patch along a side are ignored.
  public func callAsFunction(_ pixels: Tensor) throws -> Tensor {
    let grid = try patches(pixels.to(classToken.value.dtype))
    let (count, width) = (grid.shape[0], shape.width)
    let tokens = try grid.reshaped([count, width, -1]).transposed(1, 2)
    let isTrainedSize = tokens.shape[1] == shape.grid * shape.grid && pixels.shape[2] == pixels.shape[3]
    let places = try isTrainedSize ? positions.value : stretchedPositions(rows: grid.shape[2], columns: grid.shape[3])
    let x = try concatenated([classToken.value.expanded([count, 1, width]), tokens], 1) + places
    return try norm(blocks.reduce(x) { try $1($0) })
  }

  /// Position embeddings [1, 1 + rows · columns, width], resized bicubically to another grid as in DINO's code (Caron
  /// et al., arXiv 2104.14294). The scale factor is computed with a tenth of a patch more than there are, which
  /// determines the sampled positions.
  private func stretchedPositions(rows: Int, columns: Int) throws -> Tensor {
    let places = try positions.value.sliced(1, from: 1).reshaped([1, shape.grid, shape.grid, -1]).permuted([0, 3, 1, 2])
    func factor(_ length: Int) -> OperatorArgument { .double((Double(length) + 0.1) / Double(shape.grid)) }
    let stretched = try bicubic(
      .tensor(places), .ints([rows, columns]), .bool(false), factor(rows), factor(columns))
    let rest = try stretched.permuted([0, 2, 3, 1]).reshaped([1, -1, shape.width])
    return try concatenated([positions.value.sliced(1, to: 1), rest], 1)
  }
}

/// A pre-norm block with one layer for queries, keys and values.
private final class VisionTransformerBlock {
  private let norm1: LayerNorm
  private let qkv: Linear
  private let projection: Linear
  private let norm2: LayerNorm
  private let fc1: Linear
  private let fc2: Linear
  private let heads: Int

  init(_ scope: Scope, _ shape: VisionTransformerShape) throws {
    let width = shape.width
    norm1 = try LayerNorm(scope / "norm1", width, epsilon: VisionTransformerShape.epsilon)
    qkv = try Linear(scope / "attn" / "qkv", width, 3 * width)
    projection = try Linear(scope / "attn" / "proj", width, width)
    norm2 = try LayerNorm(scope / "norm2", width, epsilon: VisionTransformerShape.epsilon)
    fc1 = try Linear(scope / "mlp" / "fc1", width, shape.hidden)
    fc2 = try Linear(scope / "mlp" / "fc2", shape.hidden, width)
    heads = width / VisionTransformerShape.headWidth
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
