import Foundation
import Tensors

/// The weights for the average over pixels when an image is resized. If the image shrinks, the filter grows by the same
/// factor, so that no pixel is skipped.
public enum ResizeFilter: String, Sendable, CaseIterable {
  case bilinear, bicubic, lanczos

  /// The distance beyond which the filter is 0.
  fileprivate var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  fileprivate func value(_ position: Double) -> Double {
    let x = Swift.abs(position)
    guard x < support else { return 0 }
    switch self {
    case .bilinear: return 1 - x
    case .bicubic:
      // Keys' cubic with a = -1/2.
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : -0.5 * (((x - 5) * x + 8) * x - 4)
    case .lanczos:
      if x == 0 { return 1 }
      let angle = x * Double.pi
      return sin(angle) / angle * sin(angle / 3) / (angle / 3)
    }
  }
}

/// Resizes an image with exactly the values of Pillow's `Image.resize`: the same fixed-point arithmetic, rounded to 8
/// bits between the two directions, first along the rows and then along the columns.
///
/// - Parameter image: uint8 [C, H, W]
/// - Returns: uint8 [C, height, width]
public func resized(_ image: Tensor, height: Int, width: Int, _ filter: ResizeFilter) throws -> Tensor {
  guard image.rank == 3, image.dtype == .uint8, image.shape[1] > 0, image.shape[2] > 0, height > 0, width > 0 else {
    throw Failure(
      .malformed, at: "image", expected: "uint8 [channels, height, width], neither of them 0",
      got: "\(image.summary), to be \(height) x \(width)")
  }
  // Only columns are ever shortened, since their neighbors are adjacent in memory. For the rows the image is
  // transposed.
  var image = image
  if width != image.shape[2] { image = try withColumns(image.transposed(1, 2), width, filter).transposed(1, 2) }
  return height == image.shape[1] ? try image.contiguous() : try withColumns(image, height, filter)
}

/// [C, H, W] -> [C, length, W]
private func withColumns(_ image: Tensor, _ length: Int, _ filter: ResizeFilter) throws -> Tensor {
  let (channels, height, width) = (image.shape[0], image.shape[1], image.shape[2])
  let taps = (0..<length).map { index in
    let taps = Taps(index, of: length, from: height, filter)
    return (first: taps.first, weights: taps.weights)
  }
  let pixels = try image.withBytes { source in
    var sums = [Int32](repeating: 0, count: width)
    return [UInt8](unsafeUninitializedCapacity: channels * length * width) { pixels, filled in
      sums.withUnsafeMutableBufferPointer { sums in
        for channel in 0..<channels {
          for (row, taps) in taps.enumerated() {
            sums.update(repeating: 1 << (Taps.bits - 1))  // half, so that the shift rounds
            for (offset, weight) in taps.weights.enumerated() {
              let start = (channel * height + taps.first + offset) * width
              for x in 0..<width { sums[x] &+= weight &* Int32(source[start + x]) }
            }
            let start = (channel * length + row) * width
            for x in 0..<width { pixels[start + x] = UInt8(clamping: sums[x] >> Taps.bits) }
          }
        }
      }
      filled = channels * length * width
    }
  }
  return try pixels.withUnsafeBytes { try Tensor(bytes: $0, shape: [channels, length, width], dtype: .uint8) }
}

/// The source pixels of one new pixel, and their weights.
struct Taps {
  /// 32, minus the bits of a pixel, and minus two for sums above 1.
  fileprivate static let bits: Int32 = 22

  let first: Int
  /// The weights, which sum to 1.
  let shares: [Double]
  /// The same weights in fixed point.
  fileprivate var weights: [Int32] {
    shares.map { Int32(($0 * Double(1 << Self.bits)).rounded(.toNearestOrAwayFromZero)) }
  }

  init(_ index: Int, of length: Int, from count: Int, _ filter: ResizeFilter) {
    let scale = Double(count) / Double(length)
    let growth = max(scale, 1)
    let center = (Double(index) + 0.5) * scale
    let reach = filter.support * growth
    first = max(Int(center - reach + 0.5), 0)
    let end = min(Int(center + reach + 0.5), count)
    var values: [Double] = []
    for pixel in first..<end { values.append(filter.value((Double(pixel) - center + 0.5) * (1 / growth))) }
    let sum = values.reduce(0, +)
    shares = values.map { $0 / sum }
  }
}
