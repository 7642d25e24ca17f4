import Fewstep
import Files
import Networks
import Tensors

/// The autoencoder between videos and Wan's latents (Wan team, arXiv 2503.20314): diffusers' AutoencoderKLWan, with its parameter
/// names.
///
/// Videos are [B, 3, F, H, W] in [-1, 1] with 1 + n·t frames, and latents [B, C, 1 + n, H/f, W/f], with t and f the configuration's
/// factors. No frame depends on later ones, so a video can be encoded and decoded in parts, in memory that does not grow with
/// its length, and comes out the same.
public final class AutoencoderKLWan {
  public let configuration: Configuration
  /// Gradient checkpointing (Chen et al., arXiv 1604.06174): blocks are computed again in the backward pass. Of a video whole, without
  /// it, few activations fit beside each other.
  public var gradientCheckpointing = false
  private let encoder: Coder
  private let decoder: Coder
  private let momentConvolution: Convolution
  private let latentConvolution: Convolution

  public init(_ scope: Scope, _ configuration: Configuration) throws {
    let c = configuration
    self.configuration = c
    encoder = try Coder(encoderOf: scope / "encoder", c)
    decoder = try Coder(decoderOf: scope / "decoder", c)
    momentConvolution = try Convolution(
      scope / "quant_conv", 2 * c.latentChannels, 2 * c.latentChannels, kernel: [1, 1, 1])
    latentConvolution = try Convolution(
      scope / "post_quant_conv", c.latentChannels, c.latentChannels, kernel: [1, 1, 1])
  }

  /// How a video passes through the network.
  public enum Mode: Sendable {
    /// In one piece; gradients can be recorded.
    case whole
    /// A latent's frames after another's, the first of them alone.
    case streaming
  }

  // MARK: Videos to latents

  /// The mean and the logarithm of the variance of the posterior, [B, C, 1 + n, H/f, W/f] each.
  public func encode(_ videos: Tensor, _ mode: Mode = .streaming) throws -> (mean: Tensor, logVariance: Tensor) {
    try check(videos, channels: 3, multiple: configuration.factor, "videos")
    let frames = videos.shape[2]
    guard frames % configuration.timeFactor == 1 % configuration.timeFactor else {
      throw Failure(
        .malformed, at: "autoencoder", expected: "1 + n · \(configuration.timeFactor) frames", got: "\(frames) frames")
    }
    let features = try encoder(videos, mode, gradientCheckpointing, first: 1, then: configuration.timeFactor)
    let moments = try momentConvolution(features).chunked(2, 1)
    return (moments[0], try moments[1].clamped(-30, 20))
  }

  /// Latents for the diffusion model: (latents - mean) / std.
  public func scaled(_ latents: Tensor) throws -> Tensor {
    try (latents - like(latents, configuration.mean)) / like(latents, configuration.std)
  }

  // MARK: Latents to videos

  /// The inverse of `scaled`.
  public func unscaled(_ latents: Tensor) throws -> Tensor {
    try latents * like(latents, configuration.std) + like(latents, configuration.mean)
  }

  /// Videos, not clamped.
  public func decode(_ latents: Tensor, _ mode: Mode = .streaming) throws -> Tensor {
    try check(latents, channels: configuration.latentChannels, multiple: 1, "latents")
    return try decoder(latentConvolution(latents), mode, gradientCheckpointing, first: 1, then: 1)
  }

  // MARK: Inputs

  private func check(_ x: Tensor, channels: Int, multiple: Int, _ what: String) throws {
    let isRight =
      x.rank == 5 && x.shape[1] == channels && x.shape[2] > 0
      && x.shape[3...].allSatisfy { $0 > 0 && $0.isMultiple(of: multiple) }
    guard isRight else {
      let sides = multiple == 1 ? "" : " with sides that are multiples of \(multiple)"
      throw Failure(
        .malformed, at: "autoencoder", expected: "\(what) [B, \(channels), F, H, W]\(sides)", got: x.summary)
    }
  }

  /// One number for each latent channel, [C, 1, 1, 1], in the latents' dtype and on their device.
  private func like(_ latents: Tensor, _ values: [Double]) throws -> Tensor {
    try Tensor(values, shape: [values.count, 1, 1, 1]).to(latents.dtype).to(latents.device)
  }
}

extension AutoencoderKLWan {
  /// The encoder, or the decoder.
  final class Coder {
    private let convIn: CausalConvolution
    private let blocks: [any Block]
    private let normOut: ChannelNorm
    private let convOut: CausalConvolution

    init(encoderOf scope: Scope, _ c: Configuration) throws {
      convIn = try CausalConvolution(scope / "conv_in", 3, c.channels[0], kernel: [3, 3, 3])
      var blocks = [any Block]()
      // diffusers numbers blocks and samplers of all levels in one row.
      func next() -> Scope { scope / "down_blocks" / blocks.count }
      for (level, channels) in c.channels.enumerated() {
        for block in 0..<c.blocks {
          let inputs = block == 0 ? c.channels[max(0, level - 1)] : channels
          blocks.append(try ResidualBlock(next(), inputs, channels))
        }
        guard level + 1 < c.channels.count else { continue }
        blocks.append(try Downsampler(next(), channels, halvesFrames: c.halvesFrames[level]))
      }
      let channels = c.channels[c.channels.count - 1]
      self.blocks = blocks + (try Self.middle(scope / "mid_block", channels))
      normOut = try ChannelNorm(scope / "norm_out", channels)
      convOut = try CausalConvolution(scope / "conv_out", channels, 2 * c.latentChannels, kernel: [3, 3, 3])
    }

    init(decoderOf scope: Scope, _ c: Configuration) throws {
      let levels = Array(c.channels.reversed())
      convIn = try CausalConvolution(scope / "conv_in", c.latentChannels, levels[0], kernel: [3, 3, 3])
      var blocks = try Self.middle(scope / "mid_block", levels[0])
      for (level, channels) in levels.enumerated() {
        let place = scope / "up_blocks" / level
        for block in 0...c.blocks {
          let inputs = block > 0 ? channels : level == 0 ? levels[0] : levels[level - 1] / 2
          blocks.append(try ResidualBlock(place / "resnets" / block, inputs, channels))
        }
        guard level + 1 < levels.count else { continue }
        let doubles = c.halvesFrames[c.halvesFrames.count - 1 - level]
        blocks.append(try Upsampler(place / "upsamplers" / 0, channels, doublesFrames: doubles))
      }
      self.blocks = blocks
      normOut = try ChannelNorm(scope / "norm_out", levels[levels.count - 1])
      convOut = try CausalConvolution(scope / "conv_out", levels[levels.count - 1], 3, kernel: [3, 3, 3])
    }

    private static func middle(_ scope: Scope, _ channels: Int) throws -> [any Block] {
      [
        try ResidualBlock(scope / "resnets" / 0, channels, channels),
        try AttentionBlock(scope / "attentions" / 0, channels),
        try ResidualBlock(scope / "resnets" / 1, channels, channels),
      ]
    }

    /// - Parameters:
    ///   - first: the number of frames of a stream's first part.
    ///   - then: that of the others.
    func callAsFunction(
      _ x: Tensor, _ mode: Mode, _ gradientCheckpointing: Bool, first: Int, then: Int
    ) throws -> Tensor {
      // A stream's cache could not be computed again.
      guard mode == .streaming else { return try run(x, nil, again: gradientCheckpointing && isGradEnabled) }
      let cache = FrameCache()
      let starts = [0] + stride(from: first, to: x.shape[2], by: then)
      let parts = try starts.map { start in
        defer { cache.finishPart() }
        return try run(x.sliced(2, from: start, to: start == 0 ? first : start + then), cache, again: false)
      }
      return try concatenated(parts, 2)
    }

    private func run(_ x: Tensor, _ cache: FrameCache?, again: Bool) throws -> Tensor {
      let h = try blocks.reduce(convIn(x, cache)) { h, block in
        guard again, h.requiresGrad else { return try block(h, cache) }
        return try checkpoint([h]) { try block($0[0], nil) }
      }
      return try convOut(silu(normOut(h)), cache)
    }
  }
}
