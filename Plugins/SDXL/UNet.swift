import Networks
import Tensors

/// SDXL's denoising network (Podell et al., arXiv 2307.01952): diffusers' UNet2DConditionModel, with its parameter names.
public final class UNet {
  public let configuration: UNetConfiguration
  private let convIn: Convolution
  private let time: Embedder
  private let added: Embedder
  private let studentStep: StepEmbedding?
  private let down: [(layers: [Layer], downsampler: Convolution?)]
  private let mid: (first: ResidualBlock, transformer: SpatialTransformer, second: ResidualBlock)
  private let up: [(layers: [Layer], upsampler: Convolution?)]
  private let normOut: GroupNorm
  private let convOut: Convolution

  /// - Parameter studentSteps: tells the network which of so many steps made a sample; nil does not.
  /// - Throws: `ParameterError` of the scope's store if a checkpoint lacks a tensor or has another shape.
  public init(_ scope: Scope, _ configuration: UNetConfiguration, studentSteps: Int? = nil) throws {
    let c = configuration
    self.configuration = c
    let first = c.levels[0].channels
    convIn = try Convolution(scope / "conv_in", c.inputChannels, first, kernel: 3)
    time = try Embedder(scope / "time_embedding", first, c.embeddingWidth)
    added = try Embedder(
      scope / "add_embedding", c.pooledWidth + UNetConfiguration.sizeCount * c.sizeWidth, c.embeddingWidth)
    studentStep = try studentSteps.map {
      try StepEmbedding(scope / "student_step_embedding", steps: $0, width: c.embeddingWidth)
    }

    var current = first
    var skips = [first]
    down = try c.levels.enumerated().map { place, level in
      let block = scope / "down_blocks" / place
      let layers = try (0..<level.layers).map { index in
        defer { current = level.channels }
        return try Layer(block, index, from: current, to: level, attends: level.attendsDown, c)
      }
      skips += Array(repeating: current, count: level.layers)
      guard place + 1 < c.levels.count else { return (layers, nil) }
      skips.append(current)
      return (
        layers,
        try Convolution(
          block / "downsamplers" / 0 / "conv", current, current, kernel: 3, stride: 2, padding: c.downsamplePadding)
      )
    }

    let block = scope / "mid_block"
    mid = (
      try ResidualBlock(block / "resnets" / 0, current, current, c, outputScale: c.middleScale),
      try SpatialTransformer(block / "attentions" / 0, c.levels[c.levels.count - 1], c),
      try ResidualBlock(block / "resnets" / 1, current, current, c, outputScale: c.middleScale)
    )

    up = try c.levels.reversed().enumerated().map { place, level in
      let block = scope / "up_blocks" / place
      let layers = try (0...level.layers).map { index in
        defer { current = level.channels }
        return try Layer(
          block, index, from: current + skips.removeLast(), to: level, attends: level.attendsUp, c)
      }
      guard place + 1 < c.levels.count else { return (layers, nil) }
      return (layers, try Convolution(block / "upsamplers" / 0 / "conv", current, current, kernel: 3))
    }
    normOut = try GroupNorm(scope / "conv_norm_out", first, groups: c.groups, epsilon: c.epsilon)
    convOut = try Convolution(scope / "conv_out", first, c.outputChannels, kernel: 3)
  }

  /// The network's output [B, C, H, W], in the dtype of its parameters.
  ///
  /// - Parameters:
  ///   - sample: latents [B, C, H, W], scaled according to the schedule; H and W of any size.
  ///   - timestep: float32 [B], from 0 to 1000, fractions too.
  ///   - text: the prompts' embeddings [B, L, text width].
  ///   - pooled: the prompts' pooled embeddings [B, pooled width].
  ///   - timeIDs: original height and width, crop top and left, target height and width, in pixels: float32 [B, 6].
  ///   - studentStep: the student's steps that made the samples, int64 [B], for a network that is told.
  ///   - gradientCheckpointing: recompute each residual and transformer block in the backward pass. The parameters that
  ///     are trainable now must still be trainable then.
  public func callAsFunction(
    _ sample: Tensor, _ timestep: Tensor, text: Tensor, pooled: Tensor, timeIDs: Tensor,
    studentStep: Tensor? = nil, gradientCheckpointing: Bool = false
  ) throws -> Tensor {
    let pass = try pass(timestep, text, pooled, timeIDs, studentStep, gradientCheckpointing)
    var (h, skips) = try encode(sample, pass)
    for level in up {
      for layer in level.layers { h = try layer(h, skip: skips.removeLast(), pass) }
      // For an odd size the encoder keeps the larger half, which doubling the smaller one would miss.
      if let upsampler = level.upsampler, let next = skips.last {
        h = try upsampler(upsampledNearest(h, to: Array(next.shape[2...])))
      }
    }
    return try convOut(silu(normOut(h)))
  }

  /// The features of the middle block [B, C, h, w], which cost less than half as much as the whole network; parameters
  /// as above.
  public func middle(
    _ sample: Tensor, _ timestep: Tensor, text: Tensor, pooled: Tensor, timeIDs: Tensor,
    studentStep: Tensor? = nil, gradientCheckpointing: Bool = false
  ) throws -> Tensor {
    try encode(sample, pass(timestep, text, pooled, timeIDs, studentStep, gradientCheckpointing)).middle
  }

  private var dtype: DType { convIn.weight.value.dtype }

  private func pass(
    _ timestep: Tensor, _ text: Tensor, _ pooled: Tensor, _ timeIDs: Tensor, _ step: Tensor?,
    _ gradientCheckpointing: Bool
  ) throws -> Pass {
    func waves(_ x: Tensor, _ width: Int) throws -> Tensor {
      try sinusoids(
        x, width: width, cosinesFirst: configuration.cosinesFirst, frequencyShift: configuration.frequencyShift
      ).to(dtype)
    }
    let size = try waves(timeIDs.reshaped([-1]), configuration.sizeWidth).reshaped([timeIDs.shape[0], -1])
    var embedding =
      try time(waves(timestep, configuration.levels[0].channels)) + added(concatenated([pooled.to(dtype), size], 1))
    if let studentStep {
      guard let step else { throw TensorError("UNet", "it reads the student's step, and was not told one") }
      embedding = try embedding + studentStep(step).to(embedding.dtype)
    }
    return Pass(embedding: try silu(embedding), text: try text.to(dtype), gradientCheckpointing: gradientCheckpointing)
  }

  /// The middle block's features, and the skip connections, last one last.
  private func encode(_ sample: Tensor, _ pass: Pass) throws -> (middle: Tensor, skips: [Tensor]) {
    var h = try convIn(sample.to(dtype))
    var skips = [h]
    for level in down {
      for layer in level.layers {
        h = try layer(h, pass)
        skips.append(h)
      }
      if let downsampler = level.downsampler {
        h = try downsampler(configuration.downsamplePadding == 0 ? h.padded([0, 1, 0, 1]) : h)
        skips.append(h)
      }
    }
    h = try mid.transformer(mid.first(h, pass), pass)
    return (try mid.second(h, pass), skips)
  }
}
