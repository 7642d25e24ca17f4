import Foundation
import Tensors

/// One image or video with its caption. Its file is read when it is needed.
public protocol MediaItem {
  /// A file's path, or TAR: MEMBER.
  var name: String { get }
  /// Empty if the item has none.
  var caption: String { get }
  /// The file's content.
  var bytes: () throws -> Data { get }

  /// Pixels in -1...1, resized and cropped to this size: [3, H, W] of an image, [3, F, H, W] of a video.
  ///
  /// - Throws: `Failure` naming the item if it is damaged.
  func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame)
}
