import Tensors

/// The brightness of decoded samples, which latents do not show.
struct PixelStatistics {
  /// The mean over samples, channels and pixels, 0 black and 1 white.
  let brightness: Double
  /// The share of values that are white, within half of an 8-bit level.
  let white: Double

  /// How many times the white values of other samples there are. Fewer than 0.2% there count as 0.2%.
  func saturation(over other: PixelStatistics) -> Double { white / max(other.white, 0.002) }

  /// The statistics of samples that are decoded part by part.
  struct Sums {
    private var (brightness, white, count) = (0.0, 0.0, 0)

    /// - Parameter pixels: [B, C, ...] in 0...1.
    mutating func add(_ pixels: Tensor) throws {
      let values = try pixels.to(.float32)
      brightness += try sum(values).item()
      white += try sum(values.greater(than: 1 - 0.5 / 255).to(.float32)).item()
      count += values.count
    }

    /// nil without pixels.
    var means: PixelStatistics? {
      guard count > 0 else { return nil }
      return PixelStatistics(brightness: brightness / Double(count), white: white / Double(count))
    }
  }
}
