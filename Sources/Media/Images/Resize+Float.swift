import Tensors

/// Resizes an image in floating point, with the same values as Pillow's `Image.resize` for a channel in mode F: sums in
/// float64, and float32 between the two directions. Values outside the image's range are kept.
///
/// - Parameter image: float32 or uint8 [C, H, W], on the CPU
/// - Returns: float32 [C, height, width]
public func resizedInFloat(_ image: Tensor, height: Int, width: Int, _ filter: ResizeFilter) throws -> Tensor {
  guard image.rank == 3, [.uint8, .float32].contains(image.dtype), image.shape[1] > 0, image.shape[2] > 0, height > 0,
    width > 0
  else {
    throw Failure(
      .malformed, at: "image", expected: "uint8 or float32 [channels, height, width], neither of them 0",
      got: "\(image.summary), to be \(height) x \(width)")
  }
  var image = try image.to(.float32)
  if width != image.shape[2] { image = try withColumns(image.transposed(1, 2), width, filter).transposed(1, 2) }
  return height == image.shape[1] ? try image.contiguous() : try withColumns(image, height, filter)
}

/// [C, H, W] -> [C, length, W]
private func withColumns(_ image: Tensor, _ length: Int, _ filter: ResizeFilter) throws -> Tensor {
  let (channels, height, width) = (image.shape[0], image.shape[1], image.shape[2])
  let taps = (0..<length).map { Taps($0, of: length, from: height, filter) }
  let pixels = try image.withBytes { bytes in
    let source = bytes.bindMemory(to: Float.self)
    var sums = [Double](repeating: 0, count: width)
    return [Float](unsafeUninitializedCapacity: channels * length * width) { pixels, filled in
      sums.withUnsafeMutableBufferPointer { sums in
        for channel in 0..<channels {
          for (row, taps) in taps.enumerated() {
            sums.update(repeating: 0)
            for (offset, share) in taps.shares.enumerated() {
              let start = (channel * height + taps.first + offset) * width
              for x in 0..<width { sums[x] += share * Double(source[start + x]) }
            }
            let start = (channel * length + row) * width
            for x in 0..<width { pixels[start + x] = Float(sums[x]) }
          }
        }
      }
      filled = channels * length * width
    }
  }
  return try Tensor(pixels, shape: [channels, length, width])
}
