import Networks
import Tensors

/// Wan2.1's denoising network (Wan team, arXiv 2503.20314): diffusers' WanTransformer3DModel, with its parameter names.
///
/// As in diffusers, the embedding of time, the norms and the tables of shifts and scales stay in float32 in any precision.
public final class WanTransformer {
  public let configuration: WanTransformerConfiguration
  /// The blocks after which features are taken, rising.
  private let featureBlocks: [Int]
  private let patchEmbedding: Convolution
  private let time: (first: Linear, second: Linear, projection: Linear)
  private let text: (first: Linear, second: Linear)
  private let studentStep: StepEmbedding?
  private let blocks: [WanTransformerBlock]
  private let normOut: LayerNorm
  /// [1, 2, width]
  private let scaleShiftTable: Parameter
  private let projectOut: Linear

  /// - Parameters:
  ///   - featureBlocks: the blocks after which features are taken.
  ///   - studentSteps: tells the network which of so many steps made a sample; nil does not.
  /// - Throws: `ParameterError` of the scope's store if a checkpoint lacks a tensor or has another shape.
  public init(
    _ scope: Scope, _ configuration: WanTransformerConfiguration, featureBlocks: [Int] = [], studentSteps: Int? = nil
  ) throws {
    let c = configuration
    self.configuration = c
    self.featureBlocks = featureBlocks.sorted()
    patchEmbedding = try Convolution(
      scope / "patch_embedding", c.inputChannels, c.width, kernel: c.patch, stride: c.patch, padding: [0, 0, 0])
    let embedder = scope / "condition_embedder"
    let timeEmbedder = embedder.keeping(.float32) / "time_embedder"
    time = (
      try Linear(timeEmbedder / "linear_1", c.timeWidth, c.width),
      try Linear(timeEmbedder / "linear_2", c.width, c.width),
      try Linear(embedder / "time_proj", c.width, 6 * c.width)
    )
    text = (
      try Linear(embedder / "text_embedder" / "linear_1", c.textWidth, c.width),
      try Linear(embedder / "text_embedder" / "linear_2", c.width, c.width)
    )
    studentStep = try studentSteps.map {
      try StepEmbedding(scope / "student_step_embedding", steps: $0, width: c.width)
    }
    blocks = try (0..<c.layers).map { try WanTransformerBlock(scope / "blocks" / $0, c) }
    normOut = try LayerNorm(scope / "norm_out", c.width, affine: false, epsilon: c.epsilon)
    projectOut = try Linear(scope / "proj_out", c.width, c.outputChannels * c.patch.reduce(1, *))
    scaleShiftTable = try scope.keeping(.float32).parameter(
      "scale_shift_table", [1, 2, c.width], .normal(std: 1 / Double(c.width).squareRoot()))
  }

  /// The velocity noise - sample, [B, C, F, H, W], in the dtype that the network computes in.
  ///
  /// - Parameters:
  ///   - sample: normalized latents [B, C, F, H, W], whose sides are multiples of a patch's.
  ///   - timestep: float32 [B], from 0 to 1000, fractions too.
  ///   - text: the prompts' embeddings [B, L, text width]; all rows are attended to, also those of zeros after a prompt.
  ///   - studentStep: the student's steps that made the samples, int64 [B], for a network that is told.
  ///   - gradientCheckpointing: recompute each block in the backward pass.
  public func callAsFunction(
    _ sample: Tensor, _ timestep: Tensor, text: Tensor, studentStep: Tensor? = nil, gradientCheckpointing: Bool = false
  ) throws -> Tensor {
    let pass = try pass(sample, timestep, text, studentStep)
    let last = try run(pass, gradientCheckpointing) { _, _ in true }
    let m = try (scaleShiftTable.value + pass.time.to(.float32).unsqueezed(1)).chunked(2, 1)
    let h = try normOut(last.to(.float32)) * (m[1] + 1) + m[0]
    return try unpatched(projectOut(h.to(last.dtype)), pass.sizes)
  }

  /// The hidden states after each of the feature blocks, as channels: [B, blocks · width, f, h, w] of f x h x w tokens.
  /// Blocks after the last of them are not computed.
  public func features(
    _ sample: Tensor, _ timestep: Tensor, text: Tensor, studentStep: Tensor? = nil, gradientCheckpointing: Bool = false
  ) throws -> Tensor {
    let pass = try pass(sample, timestep, text, studentStep)
    var found = [Tensor]()
    _ = try run(pass, gradientCheckpointing) { index, hidden in
      if featureBlocks.contains(index) { found.append(hidden) }
      return index != featureBlocks.last
    }
    return try concatenated(found, 2).transposed(1, 2).reshaped([sample.shape[0], -1] + pass.sizes)
  }

  /// Inputs that all blocks share in one forward pass.
  private struct Pass {
    let tokens: Tensor
    /// The number of tokens along each axis.
    let sizes: [Int]
    /// [B, width]
    let time: Tensor
    /// float32 [B, 6, width]
    let modulation: Tensor
    /// [B, L, width]
    let text: Tensor
    let rotary: RotaryEmbedding
  }

  private func pass(_ sample: Tensor, _ timestep: Tensor, _ prompts: Tensor, _ step: Tensor?) throws -> Pass {
    let c = configuration
    let patches = try patchEmbedding(sample.to(patchEmbedding.weight.value.dtype))
    let sizes = Array(patches.shape[2...])
    let (embedded, modulation) = try autocast(.float32, on: sample.device) {
      let waves = try sinusoids(timestep, width: c.timeWidth)
      var embedded = try time.second(silu(time.first(waves)))
      if let studentStep {
        guard let step else { throw TensorError("WanTransformer", "it reads the student's step, and was not told one") }
        embedded = try embedded + studentStep(step)
      }
      let dtype = time.projection.weight.value.dtype
      let projected = try time.projection(silu(embedded.to(dtype))).to(.float32)
      return (embedded, try projected.reshaped([-1, 6, c.width]))
    }
    return Pass(
      tokens: try patches.reshaped([sample.shape[0], c.width, -1]).transposed(1, 2), sizes: sizes, time: embedded,
      modulation: modulation,
      text: try text.second(gelu(text.first(prompts.to(text.first.weight.value.dtype)), .tanh)),
      rotary: try RotaryEmbedding(sizes, headWidth: c.headWidth, on: sample.device))
  }

  /// The hidden states [B, tokens, width] after the last block that ran; `goesOn` gets each block's and may end it there.
  private func run(
    _ pass: Pass, _ gradientCheckpointing: Bool, _ goesOn: (_ index: Int, _ hidden: Tensor) -> Bool
  ) throws -> Tensor {
    var hidden = pass.tokens
    for (index, block) in blocks.enumerated() {
      let body = { (inputs: [Tensor]) in
        try block(inputs[0], text: inputs[1], modulation: inputs[2], pass.rotary)
      }
      let inputs = [hidden, pass.text, pass.modulation]
      hidden = try block.block(inputs, recomputing: gradientCheckpointing, body)
      guard goesOn(index, hidden) else { break }
    }
    return hidden
  }

  /// [B, tokens, patch · C] -> [B, C, F, H, W]
  private func unpatched(_ x: Tensor, _ sizes: [Int]) throws -> Tensor {
    let patch = configuration.patch
    let parts = try x.reshaped([x.shape[0]] + sizes + patch + [configuration.outputChannels])
    return try parts.permuted([0, 7, 1, 4, 2, 5, 3, 6])
      .reshaped([x.shape[0], configuration.outputChannels] + zip(sizes, patch).map(*))
  }
}
