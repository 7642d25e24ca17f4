import CWebP
import Tensors

extension RGBImage {
  static func webp(_ bytes: UnsafeRawBufferPointer, _ place: String) throws -> RGBImage {
    let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(source, bytes.count, &features) == VP8_STATUS_OK else {
      throw Failure(.malformed, at: place, "the image is damaged or cut short")
    }
    guard features.has_animation == 0 else { throw Failure(.malformed, at: place, "an animation, not an image") }
    let (width, height) = (Int(features.width), Int(features.height))
    try checkSize(width, height, place)
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    guard WebPDecodeRGBInto(source, bytes.count, &pixels, pixels.count, Int32(3 * width)) != nil else {
      throw Failure(.malformed, at: place, "the image is damaged or cut short")
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
