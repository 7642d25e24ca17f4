import Files
import Foundation
import Tensors

/// An image from a PNG, JPEG or WebP file, as 8-bit RGB, with the same values as Pillow's `convert("RGB")`.
///
/// Gray becomes RGB. Transparency is dropped: a transparent pixel has the color that is stored beneath. Color profiles
/// and EXIF orientation are ignored, as in most training scripts.
public struct RGBImage: Equatable, Sendable {
  /// The limit: enough for any photograph, and 400 MB in memory.
  static let maximumPixels = 1 << 27

  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// The pixels row by row from the top, with interleaved channels.
  public let pixels: [UInt8]

  init(width: Int, height: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not such an image, is damaged or is cut short.
  public static func read(_ path: String) throws -> RGBImage {
    let file = try MappedFile(path)
    return try file.withBytes(0, file.count) { try RGBImage(decoding: $0, from: path) }
  }

  /// Decodes the bytes of a file, whose first bytes determine the format.
  ///
  /// - Parameter place: the file, or the member of an archive, for errors.
  /// - Throws: `Failure.malformed`.
  public init(decoding bytes: UnsafeRawBufferPointer, from place: String) throws {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = try Self.png(bytes, place)
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = try Self.jpeg(bytes, place)
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = try Self.webp(bytes, place)
    } else {
      throw Failure(.malformed, at: place, "not an image that is read", expected: "PNG, JPEG or WebP")
    }
  }

  /// uint8 [3, height, width]
  public func tensor() throws -> Tensor {
    let rows = try pixels.withUnsafeBytes { try Tensor(bytes: $0, shape: [height, width, 3], dtype: .uint8) }
    return try rows.permuted([2, 0, 1]).contiguous()
  }

  /// - Throws: `.malformed` if an image has more pixels than are supported.
  static func checkSize(_ width: Int, _ height: Int, _ place: String) throws {
    guard width > 0, height > 0, !width.multipliedReportingOverflow(by: height).overflow,
      width * height <= maximumPixels
    else {
      throw Failure(
        .malformed, at: place, "the image's size", expected: "at most \(maximumPixels) pixels",
        got: "\(width) x \(height)")
    }
  }
}
