import Networks
import Tensors

/// A small network on a teacher's deep features, [B, C, h, w], [B, C, f, h, w] or [B, C], that distinguishes real from generated samples
/// with one logit each, [B].
public protocol Discriminator: Trainable {
  func callAsFunction(_ features: Tensor) throws -> Tensor
}

/// The architecture of a discriminator.
public enum DiscriminatorKind: String, Sendable, CaseIterable {
  /// Two layers at every position, and the mean over positions: cheap, and suitable for features of any shape.
  case pointwise
  /// DMD2's own: convolutions with kernel 4 and stride 2 down to 4 positions per side, one convolution over all of
  /// these, and a linear layer. A video's frames are halved too, as long as there are 8.
  case convolutional

  /// - Parameter shape: the features' shape without the batch: [C, h, w], [C, f, h, w] of videos, or [C].
  func discriminator(of shape: [Int], _ store: ParameterStore) throws -> any Discriminator {
    switch self {
    case .pointwise: return try PointwiseDiscriminator(store, channels: shape[0])
    case .convolutional:
      guard [3, 4].contains(shape.count), shape.suffix(2).min()! >= 4 else {
        throw TensorError(
          "gan",
          "a convolutional discriminator reads features [C, h, w] or [C, f, h, w] of 4 x 4 positions at least, here they are "
            + "\(shape)")
      }
      return try ConvolutionalDiscriminator(store, shape)
    }
  }
}

private final class PointwiseDiscriminator: Discriminator {
  let parameters: ParameterStore
  private let first: Linear
  private let norm: GroupNorm
  private let second: Linear

  init(_ store: ParameterStore, channels: Int) throws {
    parameters = store
    first = try Linear(store.root / "first", channels, channels)
    norm = try GroupNorm(store.root / "norm", channels, groups: channels % 8 == 0 ? 8 : 1)
    second = try Linear(store.root / "second", channels, 1)
  }

  func callAsFunction(_ features: Tensor) throws -> Tensor {
    // [B, C, ...] -> [B, positions, C]
    let tokens = try features.reshaped([features.shape[0], features.shape[1], -1]).transposed(1, 2)
    let hidden = try norm(first(tokens).transposed(1, 2))
    return try second(silu(hidden).transposed(1, 2)).mean([1, 2])
  }
}

/// DMD2's head for SDXL (its `cls_pred_branch`): 32 x 32 positions become 16, 8, 4 and 1. Height and width decide how
/// often they are halved. Frames are halved in the same layers while there are 8 or more, and seen by kernels of 3 after that;
/// the last layer covers 4 of them, or all if there are fewer.
private final class ConvolutionalDiscriminator: Discriminator {
  let parameters: ParameterStore
  private let stages: [(convolution: Convolution, norm: GroupNorm)]
  private let last: Convolution

  init(_ store: ParameterStore, _ shape: [Int]) throws {
    parameters = store
    let channels = shape[0]
    let groups = channels % 32 == 0 ? 32 : 1
    var frames = shape.count == 4 ? shape[1] : nil
    var side = shape.suffix(2).min()!
    var halvings = 0
    while side >= 8 { (side, halvings) = (side / 2, halvings + 1) }
    stages = try (0...halvings).map { index in
      let isLast = index == halvings
      let space = isLast ? (kernel: 4, stride: 4, padding: 0) : (4, 2, 1)
      var time: [(kernel: Int, stride: Int, padding: Int)] = []
      if let count = frames {
        time = [isLast ? (min(4, count), min(4, count), 0) : count >= 8 ? (4, 2, 1) : (3, 1, 1)]
        frames = count >= 8 ? count / 2 : count
      }
      let dimensions = time + [space, space]
      let stage = store.root / "stages" / index
      let convolution = try Convolution(
        stage / "conv", channels, channels, kernel: dimensions.map(\.kernel), stride: dimensions.map(\.stride),
        padding: dimensions.map(\.padding))
      return (convolution, try GroupNorm(stage / "norm", channels, groups: groups))
    }
    last = try Convolution(store.root / "last", channels, 1, kernel: 1, dimensions: shape.count - 1)
  }

  func callAsFunction(_ features: Tensor) throws -> Tensor {
    var x = features
    for stage in stages { x = try silu(stage.norm(stage.convolution(x))) }
    return try last(x).reshaped([features.shape[0], -1]).mean([1])
  }
}
