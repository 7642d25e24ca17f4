import Files

/// A drawing surface: RGB or gray bytes, with the origin in the top left corner. Drawing outside it is clipped.
struct Canvas {
  struct Ink: Equatable, Sendable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      (self.red, self.green, self.blue) = (red, green, blue)
    }

    init(grey: UInt8) { self.init(grey, grey, grey) }
  }

  let width: Int
  let height: Int
  let color: PNGImage.Color
  private var pixels: [UInt8]

  init(width: Int, height: Int, color: PNGImage.Color, background: Ink) {
    (self.width, self.height, self.color) = (width, height, color)
    pixels = [UInt8](repeating: 0, count: width * height * color.channelCount)
    fill(0..<width, 0..<height, background)
  }

  mutating func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ ink: Ink) {
    for y in rows.clamped(to: 0..<height) {
      for x in columns.clamped(to: 0..<width) { set(x, y, ink) }
    }
  }

  /// On a gray canvas, an ink's red value is its gray value.
  private mutating func set(_ x: Int, _ y: Int, _ ink: Ink) {
    let place = (y * width + x) * color.channelCount
    pixels[place] = ink.red
    if color == .rgb {
      pixels[place + 1] = ink.green
      pixels[place + 2] = ink.blue
    }
  }

  func image(_ texts: [PNGImage.Text]) throws -> PNGImage {
    try PNGImage(width: width, height: height, color: color, pixels: pixels, texts: texts)
  }
}
