import CPNG
import Files
import Foundation
import Tensors

/// An image of 8 bits per channel, with texts that are stored in its PNG file.
public struct PNGImage: Equatable, Sendable {
  /// Gray, RGB or RGB with alpha; the raw value is the number of channels.
  public enum Color: Int, Sendable {
    case grey = 1
    case rgb = 3

    /// Bytes per pixel.
    public var channelCount: Int { rawValue }
  }

  /// A named text, such as the prompt of an image.
  public struct Text: Equatable, Sendable {
    /// 1 to 79 ASCII characters.
    public var keyword: String
    /// The text.
    public var value: String

    /// A text with its keyword.
    public init(_ keyword: String, _ value: String) {
      self.keyword = keyword
      self.value = value
    }
  }

  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// The kind of pixels.
  public let color: Color
  /// The pixels row by row from the top, with interleaved channels: `height * width * channelCount` bytes.
  public let pixels: [UInt8]
  /// Metadata of the file, in order.
  public var texts: [Text]

  /// - Throws: `.malformed` if the number of bytes does not match.
  public init(width: Int, height: Int, color: Color, pixels: [UInt8], texts: [Text] = []) throws {
    guard (1...Self.maximumSide).contains(width), (1...Self.maximumSide).contains(height),
      pixels.count == width * height * color.channelCount
    else {
      throw Failure(
        .malformed, at: "image", "the number of bytes does not fit",
        expected: "\(width) x \(height) x \(color.channelCount) bytes, each side from 1 to \(Self.maximumSide)",
        got: "\(pixels.count)")
    }
    self.width = width
    self.height = height
    self.color = color
    self.pixels = pixels
    self.texts = texts
  }

  static let maximumSide = 1 << 16

  /// The bytes of a PNG file.
  ///
  /// - Throws: `.malformed` if a text's keyword is not allowed, `.io` if there is not enough memory.
  public func encoded() throws -> Data {
    var description = png_image()
    description.version = cpng_version()
    description.width = UInt32(width)
    description.height = UInt32(height)
    description.format = color == .grey ? cpng_grey() : cpng_rgb()
    defer { png_image_free(&description) }
    // zlib's bound plus room for the other chunks, so that one pass is enough.
    var size = pixels.count + pixels.count / 8 + height + 4096
    var data = Data(count: size)
    let done = data.withUnsafeMutableBytes { bytes in
      png_image_write_to_memory(&description, bytes.baseAddress, &size, 0, pixels, 0, nil)
    }
    guard done != 0 else { throw Self.error(&description, "image", "cannot make a PNG file", .io) }
    data = data.prefix(size)
    return try PNGText.inserting(texts, into: data)
  }

  /// Writes a PNG file in one step.
  public func write(to path: String) throws {
    try AtomicFile.write(try encoded(), to: path)
  }

  /// Reads a PNG file. Palettes, 16 bits and transparency become 8-bit gray or RGB. Transparent pixels become black.
  ///
  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not PNG, is damaged or is cut short.
  public static func read(_ path: String) throws -> PNGImage {
    let file = try MappedFile(path)
    return try file.withBytes(0, file.count) { try PNGImage(decoding: $0, from: path) }
  }

  /// Decodes the bytes of a PNG file; `place` names them in errors.
  public init(decoding bytes: UnsafeRawBufferPointer, from place: String) throws {
    let image = try Self.decoded(bytes, place) { isColor in isColor ? cpng_rgb() : cpng_grey() }
    guard let color = Color(rawValue: image.pixels.count / (image.width * image.height)) else {
      throw Failure(.malformed, at: place, "not a PNG image")
    }
    try self.init(
      width: image.width, height: image.height, color: color, pixels: image.pixels,
      texts: try PNGText.texts(in: bytes, place))
  }

  /// Decodes the pixels. Their format is chosen once the header shows whether the image has colors.
  static func decoded(
    _ bytes: UnsafeRawBufferPointer, _ place: String, format: (_ isColor: Bool) -> png_uint_32
  ) throws -> (width: Int, height: Int, pixels: [UInt8]) {
    var description = png_image()
    description.version = cpng_version()
    defer { png_image_free(&description) }
    guard png_image_begin_read_from_memory(&description, bytes.baseAddress, bytes.count) != 0 else {
      throw Self.error(&description, place, "not a PNG image", .malformed)
    }
    try RGBImage.checkSize(Int(description.width), Int(description.height), place)
    description.format = format(description.format & cpng_color_flag() != 0)
    let channels = description.format == cpng_grey() ? 1 : description.format == cpng_rgb() ? 3 : 4
    let (width, height) = (Int(description.width), Int(description.height))
    // Deflate shrinks data by a factor of about 1000 at most, and a byte holds eight pixels: a header that claims more
    // is invalid.
    guard width * height / 8800 <= bytes.count else {
      throw Failure(.malformed, at: place, "the file is cut short, or its size of \(width) x \(height) is false")
    }
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    guard png_image_finish_read(&description, nil, &pixels, 0, nil) != 0 else {
      throw Self.error(&description, place, "the image is damaged", .malformed)
    }
    return (width, height, pixels)
  }

  private static func error(
    _ description: inout png_image, _ place: String, _ problem: String, _ kind: Failure.Kind
  ) -> Failure {
    let message = withUnsafeBytes(of: description.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return Failure(kind, at: place, message.isEmpty ? problem : "\(problem): \(message)")
  }
}
