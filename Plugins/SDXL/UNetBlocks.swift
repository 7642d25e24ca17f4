import Networks
import Tensors

extension UNet {
  /// Inputs that all blocks share in one forward pass.
  struct Pass {
    /// Time, pooled text and size, after SiLU: [B, width].
    let embedding: Tensor
    /// [B, L, width]
    let text: Tensor
    let gradientCheckpointing: Bool
  }

  /// Two linear layers with SiLU in between, diffusers' TimestepEmbedding.
  struct Embedder {
    private let linear1: Linear
    private let linear2: Linear

    init(_ scope: Scope, _ inputs: Int, _ outputs: Int) throws {
      linear1 = try Linear(scope / "linear_1", inputs, outputs)
      linear2 = try Linear(scope / "linear_2", outputs, outputs)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor { try linear2(silu(linear1(x))) }
  }

  /// Two convolutions with normalization, with the embedding added in between, diffusers' ResnetBlock2D.
  final class ResidualBlock {
    private let block: Block
    private let norm1: GroupNorm
    private let conv1: Convolution
    private let embedding: Linear
    private let embeddingScales: Bool
    private let norm2: GroupNorm
    private let conv2: Convolution
    private let shortcut: Convolution?
    private let outputScale: Double

    init(_ scope: Scope, _ inputs: Int, _ outputs: Int, _ c: UNetConfiguration, outputScale: Double = 1) throws {
      block = scope.asBlock()
      let scope = block.scope
      norm1 = try GroupNorm(scope / "norm1", inputs, groups: c.groups, epsilon: c.epsilon)
      conv1 = try Convolution(scope / "conv1", inputs, outputs, kernel: 3)
      embeddingScales = c.embeddingScales
      embedding = try Linear(scope / "time_emb_proj", c.embeddingWidth, embeddingScales ? 2 * outputs : outputs)
      norm2 = try GroupNorm(scope / "norm2", outputs, groups: c.groups, epsilon: c.epsilon)
      conv2 = try Convolution(scope / "conv2", outputs, outputs, kernel: 3)
      shortcut = inputs == outputs ? nil : try Convolution(scope / "conv_shortcut", inputs, outputs, kernel: 1)
      self.outputScale = outputScale
    }

    /// x [B, inputs, H, W] -> [B, outputs, H, W]
    ///
    /// - Parameter skip: the skip connection, which is concatenated to x's channels.
    func callAsFunction(_ x: Tensor, skip: Tensor? = nil, _ pass: Pass) throws -> Tensor {
      let inputs = [x, pass.embedding] + (skip.map { [$0] } ?? [])
      return try block(inputs, recomputing: pass.gradientCheckpointing) { [self] inputs in
        try apply(inputs.count == 3 ? concatenated([inputs[0], inputs[2]], 1) : inputs[0], inputs[1])
      }
    }

    private func apply(_ x: Tensor, _ embedded: Tensor) throws -> Tensor {
      let h = try conv1(silu(norm1(x)))
      let moving = try embedding(embedded).broadcast(toRank: 4)
      let normal: Tensor
      if embeddingScales {
        let parts = try moving.chunked(2, 1)
        normal = try norm2(h) * (parts[0] + 1) + parts[1]
      } else {
        normal = try norm2(h + moving)
      }
      let sum = try (shortcut?(x) ?? x) + conv2(silu(normal))
      return outputScale == 1 ? sum : try sum / outputScale
    }
  }

  /// A residual block, followed by a transformer if the level has attention.
  struct Layer {
    private let residual: ResidualBlock
    private let transformer: SpatialTransformer?

    /// - Parameter index: the index among the level's layers.
    init(
      _ scope: Scope, _ index: Int, from inputs: Int, to level: UNetConfiguration.Level, attends: Bool,
      _ c: UNetConfiguration
    ) throws {
      residual = try ResidualBlock(scope / "resnets" / index, inputs, level.channels, c)
      transformer = attends ? try SpatialTransformer(scope / "attentions" / index, level, c) : nil
    }

    func callAsFunction(_ x: Tensor, skip: Tensor? = nil, _ pass: Pass) throws -> Tensor {
      let h = try residual(x, skip: skip, pass)
      return try transformer?(h, pass) ?? h
    }
  }
}
