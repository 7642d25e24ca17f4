import Foundation
import Tensors

/// Sinusoidal embedding of positions [B]: [B, width], cosines first, as diffusers' `Timesteps(flip_sin_to_cos=True,
/// downscale_freq_shift=0)`; frequencies fall from 1 to 1/maximumPeriod. An odd width ends in a zero.
public func sinusoids(_ positions: Tensor, width: Int, maximumPeriod: Double = 10_000) throws -> Tensor {
  let half = width / 2
  let exponents =
    try Tensor.range(to: Double(half), on: positions.device) * (-Foundation.log(maximumPeriod) / Double(half))
  let angles = try positions.to(.float32).unsqueezed(1) * Tensors.exp(exponents).unsqueezed(0)
  let embedded = try concatenated([Tensors.cos(angles), Tensors.sin(angles)], 1)
  return width.isMultiple(of: 2) ? embedded : try embedded.padded([0, 1])
}
