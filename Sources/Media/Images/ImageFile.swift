import Files
import Tensors

/// Images in the file formats of benchmarks.
package enum ImageFile {
  /// uint8 [..., 3, H, W] on the CPU, from pixels in 0...1: rounded, as in diffusers. Gray becomes RGB.
  package static func bytes(_ pixels: Tensor) throws -> Tensor {
    let channels = pixels.rank - 3
    guard pixels.rank >= 3, [1, 3].contains(pixels.shape[channels]), pixels.count > 0 else {
      throw Failure(.malformed, at: "pixels", expected: "[3, H, W], or [1, H, W] for grey", got: pixels.summary)
    }
    let bytes = try (pixels.to(.float32).to(.cpu).nanToNumber().clamped(0, 1) * 255).rounded().to(.uint8)
    guard pixels.shape[channels] == 1 else { return bytes }
    var shape = bytes.shape
    shape[channels] = 3
    return try bytes.expanded(shape).contiguous()
  }

  /// Writes an image in one step: PNG or JPEG, by the path's extension.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  package static func write(_ image: Tensor, to path: String) throws {
    guard path.hasSuffix(".png") else { return try JPEGFile.write(image, to: path) }
    let rows = try image.permuted([1, 2, 0]).contiguous()
    try PNGImage(
      width: image.shape[2], height: image.shape[1], color: .rgb, pixels: rows.withBytes { Array($0) }
    ).write(to: path)
  }
}
