import Foundation
import Media
import Tensors
import TestSupport
import Testing

func fixture(_ name: String) -> String { "\(Repository.tests)/MediaTests/Fixtures/\(name)" }

/// images.json, which make_images.py made with Pillow.
struct PillowImages: Decodable {
  struct Resized: Decodable, Sendable {
    let filter: String
    let width: Int
    let height: Int
    let pixels: String
  }

  let decoded: [String: String]
  let resized: [Resized]

  static let all: PillowImages = {
    do { return try JSONDecoder().decode(PillowImages.self, from: contents(fixture("images.json"))) } catch {
      fatalError("\(error)")
    }
  }()

  static func bytes(_ base64: String) -> [UInt8] { Array(Data(base64Encoded: base64) ?? Data()) }
}

extension PillowImages.Resized: CustomTestStringConvertible {
  var testDescription: String { "\(filter) \(width) x \(height)" }
}

/// The largest difference between two images.
private func difference(_ a: [UInt8], _ b: [UInt8]) -> Int {
  a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : 256
}

@Suite struct RGBImageTests {
  @Test(arguments: PillowImages.all.decoded.keys)
  func `PNG, JPEG and WebP have the pixels that Pillow's convert("RGB") sees`(name: String) throws {
    let image = try RGBImage.read(fixture(name))
    #expect(image.width == 31 && image.height == 22)
    let pillow = PillowImages.bytes(PillowImages.all.decoded[name] ?? "")
    // Other decoders of a format may round differently, though the installed ones do not.
    #expect(difference(image.pixels, pillow) <= (name.hasSuffix("png") || name == "lossless.webp" ? 0 : 2))
  }

  @Test func `The tensor of an image has its channels first`() throws {
    let image = try RGBImage.read(fixture("colour.png"))
    let tensor = try image.tensor()
    #expect(tensor.shape == [3, 22, 31] && tensor.dtype == .uint8)
    for (channel, row, column) in [(0, 0, 0), (1, 5, 7), (2, 21, 30)] {
      #expect(
        try tensor[.at(channel), .at(row), .at(column)].item()
          == Double(image.pixels[3 * (31 * row + column) + channel]))
    }
  }

  @Test(arguments: PillowImages.all.decoded.keys)
  func `Images cut short anywhere are refused with their name`(name: String) throws {
    let whole = try contents(fixture(name))
    // The last bytes of a PNG or JPEG file contain no pixels.
    for length in stride(from: 0, to: whole.count - 24, by: 7) {
      expectError(.malformed, "0001.tar: x.jpg") {
        _ = try whole.prefix(length).withUnsafeBytes { try RGBImage(decoding: $0, from: "0001.tar: x.jpg") }
      }
    }
  }

  @Test(arguments: PillowImages.all.decoded.keys)
  func `Images with any byte changed are read or refused, and no crash`(name: String) throws {
    let whole = try contents(fixture(name))
    for position in whole.indices {
      var bytes = whole
      bytes[position] ^= [0xFF, 1, 0x80][position % 3]
      do {
        let image = try bytes.withUnsafeBytes { try RGBImage(decoding: $0, from: name) }
        #expect(image.pixels.count == 3 * image.width * image.height)
      } catch is Failure {}
    }
  }

  @Test func `What is no picture of this kind is refused in words`() throws {
    expectError(.missing, "none.jpg") { _ = try RGBImage.read(fixture("none.jpg")) }
    expectError(.malformed, "print.jpg", "CMYK") { _ = try RGBImage.read(fixture("print.jpg")) }
    expectError(.malformed, "moving.webp", "animation") { _ = try RGBImage.read(fixture("moving.webp")) }
    expectError(.malformed, "images.json", "PNG, JPEG or WebP") { _ = try RGBImage.read(fixture("images.json")) }
    var huge = try contents(fixture("420.jpg"))
    let frame = try #require(huge.firstRange(of: Data([0xFF, 0xC0])))
    huge.replaceSubrange(frame.upperBound + 3..<frame.upperBound + 7, with: [0xFF, 0xDC, 0xFF, 0xDC])
    expectError(.malformed, "huge", "pixels", "65500 x 65500") {
      _ = try huge.withUnsafeBytes { try RGBImage(decoding: $0, from: "huge") }
    }
  }
}

@Suite struct ResizeTests {
  @Test(arguments: PillowImages.all.resized)
  func `Every pixel of a resized image is Pillow's`(expected: PillowImages.Resized) throws {
    let image = try RGBImage.read(fixture("colour.png")).tensor()
    let filter = try #require(ResizeFilter(rawValue: expected.filter))
    let small = try resized(image, height: expected.height, width: expected.width, filter)
    #expect(small.shape == [3, expected.height, expected.width])
    #expect(try bytes(small) == PillowImages.bytes(expected.pixels))
  }

  @Test func `What is no image of 8 bits, and sizes of 0, are refused`() throws {
    let image = try Tensor.zeros([3, 4, 4], .uint8)
    expectError(.malformed, "0 x 4") { _ = try resized(image, height: 0, width: 4, .bicubic) }
    expectError(.malformed, "uint8") { _ = try resized(image.to(.float32), height: 4, width: 4, .bicubic) }
    expectError(.malformed, "uint8") { _ = try resized(image[0], height: 4, width: 4, .bicubic) }
  }
}
