import Networks
import Tensors

/// The architecture of a PixelUNet; stored in its checkpoint.
public struct Architecture: Codable, Equatable, Sendable {
  /// Channels, height and width of an image.
  public var image: [Int]
  public var classes: Int
  /// The side of the pixel blocks that are folded into channels, which makes small networks several times faster.
  public var patch: Int
  public var channels: Int
  /// The width of each level in units of `channels`; the resolution halves between levels.
  public var multipliers: [Int]
  public var blocks: Int
  /// Levels with self-attention, counted from 0; the middle always has it.
  public var attentionLevels: [Int]
  public var heads: Int
  public var groups: Int

  public init(
    image: [Int] = [1, 28, 28], classes: Int = 10, patch: Int = 2, channels: Int = 32, multipliers: [Int] = [1, 2],
    blocks: Int = 1, attentionLevels: [Int] = [], heads: Int = 4, groups: Int = 8
  ) {
    self.image = image
    self.classes = classes
    self.patch = patch
    self.channels = channels
    self.multipliers = multipliers
    self.blocks = blocks
    self.attentionLevels = attentionLevels
    self.heads = heads
    self.groups = groups
  }
}

/// A class-conditional U-Net over pixels (Ho et al., arXiv 2006.11239), with diffusers' parameter names.
final class UNet {
  let architecture: Architecture
  private let convIn: Convolution
  private let time1: Linear
  private let time2: Linear
  private let classes: Embedding
  let studentStep: StepEmbedding?
  private let down: [Level]
  private let middle: (first: ResidualBlock, attention: AttentionBlock, second: ResidualBlock)
  private let up: [Level]
  private let normOut: GroupNorm
  private let convOut: Convolution

  /// One resolution: its blocks, their attention, and the convolution that leads to the next one.
  private struct Level {
    var residuals: [ResidualBlock]
    var attentions: [AttentionBlock]
    var resample: Convolution?
  }

  /// - Parameter studentSteps: tells the network which of so many steps made a sample; nil does not.
  init(_ scope: Scope, _ a: Architecture, studentSteps: Int? = nil) throws {
    architecture = a
    let widths = a.multipliers.map { $0 * a.channels }
    let embedding = 4 * a.channels
    let inputs = a.image[0] * a.patch * a.patch
    convIn = try Convolution(scope / "conv_in", inputs, a.channels, kernel: 3)
    time1 = try Linear(scope / "time_embedding" / "linear_1", a.channels, embedding)
    time2 = try Linear(scope / "time_embedding" / "linear_2", embedding, embedding)
    // One more than the number of classes: the last means "none".
    classes = try Embedding(scope / "class_embedding", count: a.classes + 1, width: embedding)
    studentStep = try studentSteps.map {
      try StepEmbedding(scope / "student_step_embedding", steps: $0, width: embedding)
    }

    var skips = [a.channels]
    var current = a.channels
    down = try widths.enumerated().map { index, width in
      let level = scope / "down_blocks" / index
      var made = Level(residuals: [], attentions: [], resample: nil)
      for block in 0..<a.blocks {
        made.residuals.append(
          try ResidualBlock(level / "resnets" / block, current, width, embedding: embedding, groups: a.groups))
        if a.attentionLevels.contains(index) {
          made.attentions.append(
            try AttentionBlock(level / "attentions" / block, width, heads: a.heads, groups: a.groups))
        }
        current = width
        skips.append(width)
      }
      if index + 1 < widths.count {
        made.resample = try Convolution(level / "downsamplers" / 0 / "conv", width, width, kernel: 3, stride: 2)
        skips.append(width)
      }
      return made
    }

    let mid = scope / "mid_block"
    middle = (
      try ResidualBlock(mid / "resnets" / 0, current, current, embedding: embedding, groups: a.groups),
      try AttentionBlock(mid / "attentions" / 0, current, heads: a.heads, groups: a.groups),
      try ResidualBlock(mid / "resnets" / 1, current, current, embedding: embedding, groups: a.groups)
    )

    up = try widths.enumerated().reversed().enumerated().map { place, entry in
      let (index, width) = entry
      let level = scope / "up_blocks" / place
      var made = Level(residuals: [], attentions: [], resample: nil)
      for block in 0...a.blocks {
        made.residuals.append(
          try ResidualBlock(
            level / "resnets" / block, current + skips.removeLast(), width, embedding: embedding, groups: a.groups))
        if a.attentionLevels.contains(index) {
          made.attentions.append(
            try AttentionBlock(level / "attentions" / block, width, heads: a.heads, groups: a.groups))
        }
        current = width
      }
      if index > 0 { made.resample = try Convolution(level / "upsamplers" / 0 / "conv", width, width, kernel: 3) }
      return made
    }
    normOut = try GroupNorm(scope / "conv_norm_out", current, groups: a.groups)
    convOut = try Convolution(scope / "conv_out", current, inputs, kernel: 3)
  }

  /// x [B, C, H, W], embedded [B, width], see `embed` -> [B, C, H, W]
  ///
  /// - Parameter gradientCheckpointing: gradient checkpointing (Chen et al., arXiv 1604.06174) of the residual blocks.
  func callAsFunction(_ x: Tensor, _ embedded: Tensor, gradientCheckpointing: Bool) throws -> Tensor {
    var (h, skips) = try encode(x, embedded, gradientCheckpointing)
    for level in up {
      for (index, residual) in level.residuals.enumerated() {
        h = try run(residual, concatenated([h, skips.removeLast()], 1), embedded, gradientCheckpointing)
        if !level.attentions.isEmpty { h = try level.attentions[index](h) }
      }
      if let resample = level.resample { h = try resample(upsampledNearest(h, 2)) }
    }
    return try convOut(silu(normOut(h))).depthToSpace(architecture.patch)
  }

  /// The features of the middle block [B, C, h, w], which cost about half as much as the whole network.
  ///
  /// Never recomputed: a GAN requests them with frozen parameters, which are no longer frozen in the backward pass.
  func bottleneck(_ x: Tensor, _ embedded: Tensor) throws -> Tensor {
    try encode(x, embedded, false).middle
  }

  private func run(_ block: ResidualBlock, _ x: Tensor, _ embedded: Tensor, _ gradientCheckpointing: Bool) throws
    -> Tensor
  {
    try block.block([x, embedded], recomputing: gradientCheckpointing) { try block($0[0], $0[1]) }
  }

  /// time [B] as the network counts it, classes int64 [B], the student's steps int64 [B] -> [B, width], after SiLU
  func embed(_ time: Tensor, _ labels: Tensor, studentStep step: Tensor?) throws -> Tensor {
    let sinusoid = try sinusoids(time, width: architecture.channels).to(convIn.weight.value.dtype)
    var embedded = try time2(silu(time1(sinusoid))) + classes(labels)
    if let studentStep, let step { embedded = try embedded + studentStep(step) }
    return try silu(embedded)
  }

  private func encode(_ x: Tensor, _ embedded: Tensor, _ gradientCheckpointing: Bool) throws -> (
    middle: Tensor, skips: [Tensor]
  ) {
    var h = try convIn(x.spaceToDepth(architecture.patch))
    var skips = [h]
    for level in down {
      for (index, residual) in level.residuals.enumerated() {
        h = try run(residual, h, embedded, gradientCheckpointing)
        if !level.attentions.isEmpty { h = try level.attentions[index](h) }
        skips.append(h)
      }
      if let resample = level.resample {
        h = try resample(h)
        skips.append(h)
      }
    }
    h = try middle.attention(run(middle.first, h, embedded, gradientCheckpointing))
    h = try run(middle.second, h, embedded, gradientCheckpointing)
    return (h, skips)
  }
}
