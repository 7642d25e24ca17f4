import Foundation
import Tensors

/// One image or video with its caption. Its file is read when it is needed.
public protocol MediaItem {
  /// A file's path, or TAR: MEMBER.
  var name: String { get }
  /// Empty if there is none.
  var caption: String { get }
  /// The file's content.
  var bytes: () throws -> Data { get }

  /// Pixels in -1...1, [3, H, W] of an image and [3, F, H, W] of a video, resized and cropped to this size.
  ///
  /// - Throws: `Failure` naming the item if it is damaged.
  func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame)
}
