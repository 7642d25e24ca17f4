import Tensors

/// The brightness of decoded samples, which latents do not show.
struct PixelStatistics {
  /// The mean over samples, channels and pixels, 0 black and 1 white.
  let brightness: Double
  /// The share of values that are white, within half of an 8-bit level.
  let white: Double

  /// How many times the white values of other samples there are. Fewer than 0.2% there count as 0.2%.
  func saturation(over other: PixelStatistics) -> Double { white / max(other.white, 0.002) }
}

extension PixelStatistics {
  /// - Parameters:
  ///   - samples: [B, ...] as the backbone makes them; `part` of them are decoded at a time.
  /// - Returns: nil for samples without pixels.
  init?(_ samples: Tensor, _ backbone: any Backbone, part: Int) throws {
    var (sum, white, count) = (0.0, 0.0, 0)
    let total = samples.shape[0]
    for start in stride(from: 0, to: total, by: part) {
      let rows = try samples.rows(start..<min(start + part, total))
      guard let pixels = try noGrad({ try backbone.pixels(rows)?.to(.float32) }) else { return nil }
      sum += try Tensors.sum(pixels).item()
      white += try Tensors.sum(pixels.greater(than: 1 - 0.5 / 255).to(.float32)).item()
      count += pixels.count
    }
    guard count > 0 else { return nil }
    self.init(brightness: sum / Double(count), white: white / Double(count))
  }
}
