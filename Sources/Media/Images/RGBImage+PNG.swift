import CPNG

extension RGBImage {
  static func png(_ bytes: UnsafeRawBufferPointer, _ place: String) throws -> RGBImage {
    // Read with transparency, which would otherwise be blended with black.
    let image = try PNGImage.decoded(bytes, place) { _ in cpng_rgba() }
    let count = image.width * image.height
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * count) { pixels, filled in
      for pixel in 0..<count {
        for channel in 0..<3 { pixels[3 * pixel + channel] = image.pixels[4 * pixel + channel] }
      }
      filled = 3 * count
    }
    return RGBImage(width: image.width, height: image.height, pixels: pixels)
  }
}
