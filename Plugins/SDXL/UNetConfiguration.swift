/// The shape of SDXL's U-Net, as in the config.json of a diffusers UNet2DConditionModel.
public struct UNetConfiguration: Equatable, Sendable {
  /// One resolution. The way up has the levels of the way down, last one first.
  public struct Level: Equatable, Sendable {
    public let channels: Int
    /// Residual blocks of the way down; the way up has one more.
    public let layers: Int
    public let heads: Int
    /// Transformer blocks after each residual block, if the level attends.
    public let transformerBlocks: Int
    public let attendsDown: Bool
    public let attendsUp: Bool
  }

  public let inputChannels: Int
  public let outputChannels: Int
  /// Height and width of the latents that the network was trained on.
  public let sampleSize: [Int]?
  /// At least one, the highest resolution first.
  public let levels: [Level]
  /// The width of the text's embeddings.
  public let textWidth: Int
  /// The width of the sinusoids of each of an image's six size and crop numbers.
  public let sizeWidth: Int
  /// The width of the pooled text embedding.
  public let pooledWidth: Int
  public let groups: Int
  /// Of the residual blocks' group norms and the last one.
  public let epsilon: Double
  /// Transformers project channels by linear layers, not by 1x1 convolutions, which have other weight shapes.
  public let projectsLinearly: Bool
  public let cosinesFirst: Bool
  public let frequencyShift: Double
  /// The embedding of time scales the features too, not only shifts them (diffusers' "scale_shift").
  public let embeddingScales: Bool
  /// 0 pads below and to the right alone.
  public let downsamplePadding: Int
  /// Divides the output of the middle's residual blocks.
  public let middleScale: Double

  /// The width of the embedding of time, pooled text and size.
  var embeddingWidth: Int { 4 * levels[0].channels }
}
