import Files
import Foundation
import Media
import Tensors

/// Images with captions, in folders (NAME.jpg and NAME.txt) and in WebDataset tars (members of one key).
public enum ImageSource {
  /// One image.
  public struct Image: MediaItem {
    public let name: String
    public let caption: String
    public let bytes: () throws -> Data

    init(name: String, caption: String, bytes: @escaping () throws -> Data) {
      (self.name, self.caption, self.bytes) = (name, caption, bytes)
    }

    /// The image in a file.
    public init(file path: String, caption: String = "") {
      self.init(name: path, caption: caption) { try CaptionedFile.contents(path) }
    }

    /// The image resized (Lanczos, as in PIL) so that it just covers the frame, then center-cropped.
    public func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame) {
      let data = try bytes()
      let image = try data.withUnsafeBytes { try RGBImage(decoding: $0, from: name) }
      let (cut, frame) = try MediaFrame.cut(image.tensor(), to: size)
      return (try cut.to(.float32) * (1 / 127.5) - 1, frame)
    }
  }

  static let kinds: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// All images of the folders, including their subfolders, and of the tars, in the order of their names.
  ///
  /// - Throws: `Failure` if a source does not exist or holds no image.
  public static func images(in sources: [String]) throws -> [Image] {
    try CaptionedFile.all(in: sources, kinds: kinds, "images").map {
      Image(name: $0.name, caption: $0.caption, bytes: $0.bytes)
    }
  }
}
