import CJPEG
import Tensors

extension RGBImage {
  /// Decodes a JPEG. A damaged image is an error, even if other programs show a part of it.
  static func jpeg(_ bytes: UnsafeRawBufferPointer, _ place: String) throws -> RGBImage {
    guard let decoder = tjInitDecompress() else { throw Failure(.io, at: place, "no memory for a decoder") }
    defer { tjDestroy(decoder) }
    func damaged() -> Failure {
      Failure(.malformed, at: place, "the image is damaged: \(String(cString: tjGetErrorStr2(decoder)))")
    }
    let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let length = UInt(bytes.count)
    var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
    guard tjDecompressHeader3(decoder, source, length, &width, &height, &sampling, &space) == 0 else { throw damaged() }
    guard space != Int32(TJCS_CMYK.rawValue), space != Int32(TJCS_YCCK.rawValue) else {
      throw Failure(.malformed, at: place, "the colours are CMYK, for print", advice: "Convert the image to RGB.")
    }
    try checkSize(Int(width), Int(height), place)
    // A progressive image may have an unlimited number of scans.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    var pixels = [UInt8](repeating: 0, count: 3 * Int(width) * Int(height))
    let status = tjDecompress2(
      decoder, source, length, &pixels, width, 3 * width, height, Int32(TJPF_RGB.rawValue), flags)
    guard status == 0 else { throw damaged() }
    return RGBImage(width: Int(width), height: Int(height), pixels: pixels)
  }
}
