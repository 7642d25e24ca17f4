import Foundation
import Tensors

/// DPM-Solver++ of second order (Lu et al., arXiv 2211.01095, Algorithm 2) in the logarithm λ of the ratio of signal to noise, and
/// UniPC (Zhao et al., arXiv 2302.04867, with B₂), which corrects each sample once more when its prediction is known.
///
/// As in diffusers the first step and the last are of first order.
public struct MultistepSampler: Sampler {
  private let corrects: Bool

  public static let dpmSolver = MultistepSampler(corrects: false)
  public static let uniPC = MultistepSampler(corrects: true)

  private struct Level {
    let alpha: Double
    let sigma: Double
    /// Infinite without signal, or without noise.
    var lambda: Double { log(alpha / sigma) }

    init(_ schedule: any NoiseSchedule, _ time: Double) {
      (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
    }
  }

  public func sample(
    _ noise: Tensor, times: [Double], schedule: any NoiseSchedule, denoise: (Tensor, Double) throws -> Tensor
  ) throws -> Tensor {
    let levels = (times + [0]).map { Level(schedule, $0) }
    var x = try noise * schedule.initialNoiseSigma(times[0])
    /// The sample before the last step, and the clean predictions, newest first.
    var last = x
    var clean = [Tensor]()
    for (step, time) in times.enumerated() {
      let made = try denoise(x, time)
      if corrects, step > 0 {
        x = try corrected(
          last, from: levels[step - 1], to: levels[step], before: step > 1 ? levels[step - 2] : nil, clean, made)
      }
      let isFirstOrder = step == 0 || step + 1 == times.count
      last = x
      clean = [made] + clean.prefix(1)
      x = try predicted(
        x, from: levels[step], to: levels[step + 1], before: isFirstOrder ? nil : levels[step - 1], clean)
    }
    return x
  }

  /// - Parameter before: the level before `from`, for a step of second order.
  private func predicted(_ x: Tensor, from: Level, to: Level, before: Level?, _ clean: [Tensor]) throws -> Tensor {
    let h = to.lambda - from.lambda
    let phi = expm1(-h)
    let first = try x * (to.sigma / from.sigma) - clean[0] * (to.alpha * phi)
    guard let before else { return first }
    let ratio = (from.lambda - before.lambda) / h
    return try first - (clean[0] - clean[1]) * (0.5 * to.alpha * phi / ratio)
  }

  /// The sample at `to` again, with the prediction `made` there.
  private func corrected(
    _ x: Tensor, from: Level, to: Level, before: Level?, _ clean: [Tensor], _ made: Tensor
  ) throws -> Tensor {
    let h = to.lambda - from.lambda
    let phi = expm1(-h)
    let first = try predicted(x, from: from, to: to, before: nil, clean)
    let newer = try made - clean[0]
    guard let before, clean.count > 1 else { return try first - newer * (0.5 * to.alpha * phi) }
    // The weights of the two differences solve [[1, 1], [r, 1]] w = b.
    let r = (before.lambda - from.lambda) / h
    let phi1 = phi / -h - 1
    let phi2 = phi1 / -h - 0.5
    let b = (phi1 / phi, 2 * phi2 / phi)
    let older = (b.0 - b.1) / (1 - r)
    return try first - (((clean[1] - clean[0]) / r) * older + newer * (b.0 - older)) * (to.alpha * phi)
  }
}
