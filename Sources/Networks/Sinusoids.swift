import Foundation
import Tensors

/// Sinusoidal embedding of positions [B]: [B, width], like diffusers' `Timesteps`. An odd width ends in a zero.
///
/// - Parameters:
///   - cosinesFirst: cosines before sines, `flip_sin_to_cos`.
///   - frequencyShift: frequency k is maximumPeriod to the power -k / (width / 2 - frequencyShift), `freq_shift`. At 0
///     all frequencies stay above 1/maximumPeriod; at 1 the last one equals it.
public func sinusoids(
  _ positions: Tensor, width: Int, maximumPeriod: Double = 10_000, cosinesFirst: Bool = true,
  frequencyShift: Double = 0
) throws -> Tensor {
  let half = Double(width / 2)
  // In diffusers' order: at large positions the rounding is noticeable.
  let exponents =
    try Tensor.range(to: half, on: positions.device) * -Foundation.log(maximumPeriod) / (half - frequencyShift)
  let angles = try positions.to(.float32).unsqueezed(1) * Tensors.exp(exponents).unsqueezed(0)
  let waves = try [Tensors.cos(angles), Tensors.sin(angles)]
  let embedded = try concatenated(cosinesFirst ? waves : waves.reversed(), 1)
  return width.isMultiple(of: 2) ? embedded : try embedded.padded([0, 1])
}
