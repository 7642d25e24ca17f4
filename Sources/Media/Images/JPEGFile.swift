import CJPEG
import Files
import Foundation
import Tensors

/// Writes JPEG files.
public enum JPEGFile {
  /// The default quality: high, since compression artifacts affect scorers.
  public static let quality = 95

  /// Writes an image in one step, with its colors at full resolution (4:4:4).
  ///
  /// - Parameters:
  ///   - image: uint8 [3, H, W] on the CPU.
  ///   - quality: libjpeg's quality, 1 to 100.
  /// - Throws: `Failure`: `.malformed` if the tensor is not an image, `.io` if it cannot be written.
  public static func write(_ image: Tensor, quality: Int = quality, to path: String) throws {
    guard image.rank == 3, image.dtype == .uint8, image.shape[0] == 3, image.count > 0 else {
      throw Failure(.malformed, at: path, expected: "an image uint8 [3, H, W]", got: image.summary)
    }
    let (height, width) = (Int32(image.shape[1]), Int32(image.shape[2]))
    guard let encoder = tjInitCompress() else { throw Failure(.io, at: path, "no memory for an encoder") }
    var bytes: UnsafeMutablePointer<UInt8>?
    defer {
      tjFree(bytes)
      tjDestroy(encoder)
    }
    var count: UInt = 0
    let status = try image.permuted([1, 2, 0]).contiguous().withBytes { pixels in
      tjCompress2(
        encoder, pixels.baseAddress?.assumingMemoryBound(to: UInt8.self), width, 3 * width, height,
        Int32(TJPF_RGB.rawValue), &bytes, &count, Int32(TJSAMP_444.rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    }
    guard status == 0, let bytes else {
      throw Failure(.io, at: path, "cannot make a JPEG file: \(String(cString: tjGetErrorStr2(encoder)))")
    }
    try AtomicFile.write(Data(bytes: bytes, count: Int(count)), to: path)
  }
}
