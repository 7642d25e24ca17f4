import Tensors

/// The brightness of decoded samples, which latents do not show.
struct PixelStatistics {
  /// The mean over samples, channels and pixels, 0 black and 1 white.
  let brightness: Double
  /// The shares of values that are black and white, within half of an 8-bit level.
  let black: Double
  let white: Double

  /// How many more values are clipped at one end than in other samples, as a share of all values.
  func saturation(over other: PixelStatistics) -> Double { max(black - other.black, white - other.white) }
}

extension PixelStatistics {
  /// - Parameters:
  ///   - samples: [B, ...] as the backbone makes them; `part` of them are decoded at a time.
  /// - Returns: nil for samples without pixels.
  init?(_ samples: Tensor, _ backbone: any Backbone, part: Int) throws {
    var (sum, black, white, count) = (0.0, 0.0, 0.0, 0)
    let total = samples.shape[0]
    for start in stride(from: 0, to: total, by: part) {
      let rows = try samples.rows(start..<min(start + part, total))
      guard let pixels = try noGrad({ try backbone.pixels(rows)?.to(.float32) }) else { return nil }
      sum += try Tensors.sum(pixels).item()
      black += try Tensors.sum(pixels.less(than: Self.half).to(.float32)).item()
      white += try Tensors.sum((1 - pixels).less(than: Self.half).to(.float32)).item()
      count += pixels.count
    }
    guard count > 0 else { return nil }
    self.init(brightness: sum / Double(count), black: black / Double(count), white: white / Double(count))
  }

  private static let half = 0.5 / 255
}
