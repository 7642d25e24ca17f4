import Files
import Foundation

extension EventFile {
  /// Adds an image of one step.
  public func add(image: PNGImage, tag: String, step: Int, time: Date = Date()) throws {
    try add(
      png: image.encoded(), width: image.width, height: image.height, channels: image.color.channelCount, tag: tag,
      step: step, time: time)
  }
}
