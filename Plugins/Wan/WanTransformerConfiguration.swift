/// The sizes of Wan's transformer, as in the config.json of a diffusers WanTransformer3DModel.
public struct WanTransformerConfiguration: Equatable, Sendable {
  public let inputChannels: Int
  public let outputChannels: Int
  /// Frames, rows and columns of latents that are one token.
  public let patch: [Int]
  public let heads: Int
  public let headWidth: Int
  public let layers: Int
  /// The width of the feed-forward layers.
  public let feedForwardWidth: Int
  /// The width of the text's embeddings.
  public let textWidth: Int
  /// The width of the sinusoids of the time.
  public let timeWidth: Int
  public let epsilon: Double
  /// Whether the norm before the attention to the text has weights.
  public let normalizesBeforeText: Bool
  /// The number of patches along each axis that have positions.
  public let maximumPositions: Int

  public var width: Int { heads * headWidth }
}
