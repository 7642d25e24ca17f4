/// The sizes of SDXL's U-Net, as in the config.json of a diffusers UNet2DConditionModel.
public struct UNetConfiguration: Equatable, Sendable {
  /// One resolution. The decoder has the levels of the encoder in reverse order.
  public struct Level: Equatable, Sendable {
    public let channels: Int
    /// The number of residual blocks in the encoder; the decoder has one more.
    public let layers: Int
    public let heads: Int
    /// The number of transformer blocks after each residual block, if the level has attention.
    public let transformerBlocks: Int
    public let attendsDown: Bool
    public let attendsUp: Bool
  }

  public let inputChannels: Int
  public let outputChannels: Int
  /// Height and width of the latents that the network was trained on.
  public let sampleSize: [Int]?
  /// The levels, at least one, the highest resolution first.
  public let levels: [Level]
  /// The width of the text's embeddings.
  public let textWidth: Int
  /// The width of the sinusoids for each of an image's six size and crop numbers.
  public let sizeWidth: Int
  /// The width of the pooled text embedding.
  public let pooledWidth: Int
  public let groups: Int
  /// The epsilon of the residual blocks' group norms and the last one.
  public let epsilon: Double
  /// Whether transformers project channels by linear layers instead of 1x1 convolutions, whose weights have other
  /// shapes.
  public let projectsLinearly: Bool
  public let cosinesFirst: Bool
  public let frequencyShift: Double
  /// Whether the embedding of time scales the features in addition to shifting them (diffusers' "scale_shift").
  public let embeddingScales: Bool
  /// The padding of downsampling convolutions; 0 pads only below and to the right.
  public let downsamplePadding: Int
  /// The divisor of the output of the middle's residual blocks.
  public let middleScale: Double

  /// The width of the embedding of time, pooled text and size.
  var embeddingWidth: Int { 4 * levels[0].channels }
}
