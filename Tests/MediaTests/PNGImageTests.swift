import Foundation
import Media
import TestSupport
import Testing

@Suite struct PNGImageTests {
  private func image(_ color: PNGImage.Color, texts: [PNGImage.Text] = []) throws -> PNGImage {
    let pixels = (0..<5 * 3 * color.channelCount).map { UInt8(truncatingIfNeeded: $0 * 41) }
    return try PNGImage(width: 5, height: 3, color: color, pixels: pixels, texts: texts)
  }

  @Test(arguments: [PNGImage.Color.grey, .rgb])
  func `Images and their texts come back`(color: PNGImage.Color) throws {
    let scratch = try Scratch()
    let texts = [
      PNGImage.Text("prompt", "a cat"), .init("title", "Käfer 🪲"), .init("empty", ""), .init("prompt", "again"),
    ]
    let image = try image(color, texts: texts)
    try image.write(to: scratch.path("a.png"))
    #expect(try PNGImage.read(scratch.path("a.png")) == image)
    #expect(try scratch.files() == ["a.png"])
  }

  @Test(arguments: [(1, 1), (300, 200), (1, 1000)])
  func `Noise, which does not compress, and single pixels come back`(width: Int, height: Int) throws {
    let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255) }
    let image = try PNGImage(width: width, height: height, color: .rgb, pixels: pixels)
    let data = try image.encoded()
    #expect(try data.withUnsafeBytes { try PNGImage(decoding: $0, from: "noise") } == image)
  }

  @Test func `Pillow sees the same pixels and texts`() throws {
    let scratch = try Scratch()
    for color in [PNGImage.Color.grey, .rgb] {
      let image = try image(color, texts: [.init("seed", "7"), .init("title", "Käfer")])
      try image.write(to: scratch.path("a.png"))
      let said = try Python.run(
        """
        import sys
        from PIL import Image
        i = Image.open(sys.argv[1]); i.load()
        print(i.mode, i.size, i.tobytes().hex(), i.text["seed"], i.text["title"])
        """, scratch.path("a.png"))
      let hex = image.pixels.map { String(format: "%02x", $0) }.joined()
      #expect(said == "\(color == .grey ? "L" : "RGB") (5, 3) \(hex) 7 Käfer")
    }
  }

  @Test func `Bytes, keywords and texts that do not fit are refused`() throws {
    expectError(.malformed, "2 x 2 x 3 bytes", "got 5") {
      _ = try PNGImage(width: 2, height: 2, color: .rgb, pixels: [0, 0, 0, 0, 0])
    }
    expectError(.malformed) { _ = try PNGImage(width: 0, height: 2, color: .rgb, pixels: []) }
    expectError(.malformed) { _ = try PNGImage(width: .max, height: 2, color: .rgb, pixels: []) }
    for keyword in ["", "é", " x", String(repeating: "k", count: 80), "a\nb"] {
      expectError(.malformed, "keyword") { _ = try image(.grey, texts: [.init(keyword, "v")]).encoded() }
    }
    expectError(.malformed, "zero") { _ = try image(.grey, texts: [.init("k", "a\0b")]).encoded() }
  }

  @Test func `Missing, foreign, damaged and cut files are refused with their name`() throws {
    let scratch = try Scratch()
    expectError(.missing, "none.png") { _ = try PNGImage.read(scratch.path("none.png")) }
    let text = try scratch.write(Data("GIF89a".utf8), to: "a.gif")
    expectError(.malformed, "a.gif", "not a PNG image") { _ = try PNGImage.read(text) }
    let whole = try image(.rgb, texts: [.init("k", "v")]).encoded()
    for length in 1..<(whole.count - 12) {
      let path = try scratch.write(whole.prefix(length), to: "cut.png")
      expectError(.malformed, "cut.png") { _ = try PNGImage.read(path) }
    }
    var huge = whole
    huge.replaceSubrange(16..<24, with: [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])
    let path = try scratch.write(huge, to: "huge.png")
    expectError(.malformed, "huge.png") { _ = try PNGImage.read(path) }
  }
}
