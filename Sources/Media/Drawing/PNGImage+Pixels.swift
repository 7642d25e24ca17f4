import Files
import Tensors

extension PNGImage {
  /// One image of pixels [1 or 3, H, W] in 0...1.
  ///
  /// - Throws: `TensorError` if the pixels have another shape.
  public init(pixels: Tensor, texts: [Text] = []) throws {
    guard pixels.rank == 3, let color = Color(rawValue: pixels.shape[0]) else {
      throw TensorError("PNGImage", "expected pixels [1 or 3, H, W], got \(pixels.summary)")
    }
    let bytes = try (pixels.to(.float32).to(.cpu).nanToNumber().clamped(0, 1) * 255).rounded().to(.uint8)
      .permuted([1, 2, 0]).contiguous()
    try self.init(
      width: pixels.shape[2], height: pixels.shape[1], color: color, pixels: bytes.withBytes { Array($0) }, texts: texts
    )
  }
}
