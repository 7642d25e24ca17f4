import Files
import Foundation
import Tensors

/// An image from a PNG, JPEG or WebP file, as RGB of 8 bits, with the values that Pillow's `convert("RGB")` gives.
///
/// Grey becomes RGB. Transparency is dropped: a transparent pixel has the colour that is stored beneath. Colour profiles and
/// EXIF's orientation are not obeyed, as in most training scripts.
public struct RGBImage: Equatable, Sendable {
  /// Enough for any photograph, and 400 MB.
  static let maximumPixels = 1 << 27

  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// Row by row from the top, the three channels of a pixel together.
  public let pixels: [UInt8]

  init(width: Int, height: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is no such image, is damaged or is cut short.
  public static func read(_ path: String) throws -> RGBImage {
    let file = try MappedFile(path)
    return try file.withBytes(0, file.count) { try RGBImage(decoding: $0, from: path) }
  }

  /// Decodes the bytes of a file, whose first bytes tell what it is.
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

  /// - Throws: `.malformed` if an image of this size is not read.
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
