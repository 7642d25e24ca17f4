/// The size of an image, or of a video.
public struct MediaSize: Equatable, Sendable {
  /// In pixels.
  public var height: Int
  public var width: Int
  /// nil for images.
  public var frames: Int?

  public init(height: Int, width: Int, frames: Int? = nil) {
    self.height = height
    self.width = width
    self.frames = frames
  }
}

extension MediaSize: CustomStringConvertible {
  /// "1024x1024", "480x832x81"
  public var description: String { "\(height)x\(width)" + (frames.map { "x\($0)" } ?? "") }
}

/// How an image or a video was cut out of its original. Sides are in pixels.
public struct MediaFrame: Equatable, Sendable {
  /// The size before resizing.
  public var original: MediaSize
  /// Pixels that were cropped at the top and at the left, after resizing.
  public var cropTop: Int
  public var cropLeft: Int
  /// The size after cropping.
  public var size: MediaSize

  public init(original: MediaSize, cropTop: Int, cropLeft: Int, size: MediaSize) {
    self.original = original
    self.cropTop = cropTop
    self.cropLeft = cropLeft
    self.size = size
  }

  /// An uncropped original of this size.
  public init(_ size: MediaSize) { self.init(original: size, cropTop: 0, cropLeft: 0, size: size) }
}
