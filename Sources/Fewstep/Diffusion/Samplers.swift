import Tensors

/// Goes from noise to a sample along a list of times that falls from 1; the step to 0 is implied.
///
/// `denoise` gives x̂0 [B, ...] for x_t, at one time for all samples.
public protocol Sampler: Sendable {
  func sample(
    _ noise: Tensor, times: [Double], schedule: any NoiseSchedule, denoise: (Tensor, Double) throws -> Tensor
  ) throws -> Tensor
}

/// The samplers by name.
public enum SamplerKind: String, Sendable, CaseIterable {
  case ddim
  case heun
  case dpm = "dpm++"
  case unipc

  public var sampler: any Sampler {
    switch self {
    case .ddim: DDIM()
    case .heun: Heun()
    case .dpm: MultistepSampler.dpmSolver
    case .unipc: MultistepSampler.uniPC
    }
  }
}

/// `count` times falling from 1, evenly spaced, without the final 0.
public func evenTimes(_ count: Int) -> [Double] { (0..<count).map { 1 - Double($0) / Double(count) } }

/// Starts from noise and takes `step` from each time to the next one, which is 0 at the end.
private func walk(
  _ noise: Tensor, _ times: [Double], _ schedule: any NoiseSchedule,
  step: (_ x: Tensor, _ time: Double, _ next: Double) throws -> Tensor
) throws -> Tensor {
  let start = try noise * schedule.initialNoiseSigma(times[0])
  return try zip(times, times.dropFirst() + [0]).reduce(start) { x, times in try step(x, times.0, times.1) }
}

/// DDIM with η = 0 (Song et al., arXiv 2010.02502, Eq. 12); on a rectified flow this is Euler's method.
public struct DDIM: Sampler {
  public init() {}

  public func sample(
    _ noise: Tensor, times: [Double], schedule: any NoiseSchedule, denoise: (Tensor, Double) throws -> Tensor
  ) throws -> Tensor {
    try walk(noise, times, schedule) { x, time, next in
      let clean = try denoise(x, time)
      let noise = try (x - schedule.alpha(time) * clean) / schedule.sigma(time)
      return try schedule.alpha(next) * clean + schedule.sigma(next) * noise
    }
  }
}

/// Heun's method on the probability flow (Karras et al., arXiv 2206.00364, Algorithm 1), in x/α over σ/α, in which the
/// flow of every schedule here is dx̄/dσ̄ = ε̂. Each step takes two evaluations, the last step one.
public struct Heun: Sampler {
  public init() {}

  public func sample(
    _ noise: Tensor, times: [Double], schedule: any NoiseSchedule, denoise: (Tensor, Double) throws -> Tensor
  ) throws -> Tensor {
    // At t = 1 α may be 0, and x/α is undefined. So that first step is DDIM's, which is exact in the limit.
    try walk(noise, times, schedule) { x, time, next in
      let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
      let (alphaNext, sigmaNext) = (schedule.alpha(next), schedule.sigma(next))
      let clean = try denoise(x, time)
      let noise = try (x - alpha * clean) / sigma
      let euler = try alphaNext * clean + sigmaNext * noise
      guard next > 0, alpha > 1e-6 else { return euler }
      let noiseNext = try (euler - alphaNext * denoise(euler, next)) / sigmaNext
      let step = sigmaNext / alphaNext - sigma / alpha
      return try (x / alpha + (0.5 * step) * (noise + noiseNext)) * alphaNext
    }
  }
}
