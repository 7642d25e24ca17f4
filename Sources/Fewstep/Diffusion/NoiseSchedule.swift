import Foundation
import Tensors

/// The shares of sample and noise in a noisy sample: x_t = α(t) x + σ(t) ε, with t from 0 (clean) to 1 (noise).
public protocol NoiseSchedule: Sendable {
  func alpha(_ time: Double) -> Double
  func sigma(_ time: Double) -> Double
  /// The timestep that a network gets for a time: a DDPM network counts 0...999, a flow network often 0...1000.
  func timestep(_ time: Double) -> Double
  /// The standard deviation of the noise that generation begins with at a time.
  func initialNoiseSigma(_ time: Double) -> Double
  /// The times at which denoisers train. Noise of zero strength teaches nothing.
  var trainingTimes: ClosedRange<Double> { get }
  /// The falling times of a many-step sampler; the step to 0 is implied.
  func samplingTimes(_ count: Int) -> [Double]
}

extension NoiseSchedule {
  public func timestep(_ time: Double) -> Double { time * 1000 }
  public func initialNoiseSigma(_ time: Double) -> Double { sigma(time) }
  public var trainingTimes: ClosedRange<Double> { 0...1 }
  public func samplingTimes(_ count: Int) -> [Double] { evenTimes(count) }

  /// The time at which σ has this value, to the last digits; σ rises with time in every schedule.
  public func time(ofLevel level: Double) -> Double {
    var bounds = (low: 0.0, high: 1.0)
    for _ in 0..<60 {
      let middle = (bounds.low + bounds.high) / 2
      if sigma(middle) < level { bounds.low = middle } else { bounds.high = middle }
    }
    return bounds.high
  }

  /// α and σ at each sample's time [B], shaped [B, 1, ...] to broadcast over `samples`.
  ///
  /// Computed in float64: near pure noise α is small, and x̂0 = (x_t - σ ε̂) / α magnifies rounding.
  public func coefficients(_ time: Tensor, like samples: Tensor) throws -> (alpha: Tensor, sigma: Tensor) {
    let times = try time.doubles()
    func shaped(_ values: [Double]) throws -> Tensor {
      try Tensor(values).to(samples.dtype).to(samples.device).broadcast(toRank: samples.rank)
    }
    return try (shaped(times.map(alpha)), shaped(times.map(sigma)))
  }

  /// x_t = α x + σ ε
  public func addNoise(_ samples: Tensor, _ noise: Tensor, at time: Tensor) throws -> Tensor {
    let (alpha, sigma) = try coefficients(time, like: samples)
    return try alpha * samples + sigma * noise
  }
}

/// The variance-preserving schedule of a DDPM with a table of `count` steps. Time t is step `round(t · count) - 1`, so
/// DMD2's list 999, 749, 499, 249 is 1, 0.75, 0.5, 0.25.
public struct DiscreteVP: NoiseSchedule {
  /// The positions of a many-step sampler's steps in the table; diffusers' `timestep_spacing`.
  public enum Spacing: String, Sendable, CaseIterable {
    /// From the lower end of each interval, moved up by `offset`: never pure noise.
    case leading
    /// From the upper end, pure noise first.
    case trailing
  }

  public let count: Int
  public var spacing = Spacing.trailing
  /// diffusers' `steps_offset`, for leading spacing.
  public var offset = 0
  private let cumulative: [Double]

  /// β from `betaStart` to `betaEnd`; `scaled` interpolates their square roots, as Stable Diffusion does.
  public init(count: Int = 1000, betaStart: Double = 0.00085, betaEnd: Double = 0.012, scaled: Bool = true) {
    self.count = count
    let ends = scaled ? (betaStart.squareRoot(), betaEnd.squareRoot()) : (betaStart, betaEnd)
    var product = 1.0
    cumulative = (0..<count).map {
      let beta = ends.0 + (ends.1 - ends.0) * Double($0) / Double(count - 1)
      product *= 1 - (scaled ? beta * beta : beta)
      return product
    }
  }

  public func timestep(_ time: Double) -> Double { max(0, (time * Double(count)).rounded() - 1) }

  public func alpha(_ time: Double) -> Double { signal(time).squareRoot() }
  public func sigma(_ time: Double) -> Double { (1 - signal(time)).squareRoot() }

  /// Some signal remains at the last step; the noise that replaces it has unit variance, as in diffusers.
  public func initialNoiseSigma(_ time: Double) -> Double { 1 }

  /// The times that are a step of the table.
  public var trainingTimes: ClosedRange<Double> { 0.5 / Double(count)...1 }

  public func samplingTimes(_ steps: Int) -> [Double] {
    let table =
      switch spacing {
      case .leading: (0..<steps).reversed().map { Double($0 * (count / steps) + offset) }
      case .trailing:
        (0..<steps).map { (Double(count) * (1 - Double($0) / Double(steps))).rounded(.toNearestOrEven) - 1 }
      }
    return table.map { (min($0, Double(count - 1)) + 1) / Double(count) }
  }

  private func signal(_ time: Double) -> Double {
    let step = Int((time * Double(count)).rounded()) - 1
    return step < 0 ? 1 : cumulative[min(step, count - 1)]
  }
}

/// The continuous variance-preserving schedule (Song et al., arXiv 2011.13456, Eq. 33): β linear in time.
public struct ContinuousVP: NoiseSchedule {
  public let betaMinimum: Double
  public let betaMaximum: Double

  public init(betaMinimum: Double = 0.1, betaMaximum: Double = 20) {
    self.betaMinimum = betaMinimum
    self.betaMaximum = betaMaximum
  }

  public func alpha(_ time: Double) -> Double {
    exp(-0.25 * time * time * (betaMaximum - betaMinimum) - 0.5 * time * betaMinimum)
  }
  public func sigma(_ time: Double) -> Double {
    let alpha = alpha(time)
    return (1 - alpha * alpha).squareRoot()
  }
}

/// Karras et al. (arXiv 2206.00364): α = 1 and σ from `sigmaMinimum` to `sigmaMaximum` along their Eq. 5; 0 at time 0.
public struct EDM: NoiseSchedule {
  public let sigmaMinimum: Double
  public let sigmaMaximum: Double
  public let rho: Double

  public init(sigmaMinimum: Double = 0.002, sigmaMaximum: Double = 80, rho: Double = 7) {
    self.sigmaMinimum = sigmaMinimum
    self.sigmaMaximum = sigmaMaximum
    self.rho = rho
  }

  public func alpha(_ time: Double) -> Double { 1 }
  public func sigma(_ time: Double) -> Double {
    guard time > 0 else { return 0 }
    let (low, high) = (pow(sigmaMinimum, 1 / rho), pow(sigmaMaximum, 1 / rho))
    return pow(low + time * (high - low), rho)
  }
  /// ln(σ) / 4, the paper's c_noise.
  public func timestep(_ time: Double) -> Double { log(max(sigma(time), 1e-20)) / 4 }
}

/// The straight line between sample and noise (Liu et al., arXiv 2209.03003). `shift` moves the times towards noise
/// (Esser et al., arXiv 2403.03206, Eq. 23).
public struct RectifiedFlow: NoiseSchedule {
  public let shift: Double
  /// The levels at which many-step samplers visit it.
  public let grid: FlowGrid
  private var cutsTimesteps = false

  public init(shift: Double = 1, grid: FlowGrid = .even) { (self.shift, self.grid) = (shift, grid) }

  /// The same flow with timesteps cut off to whole numbers, as diffusers' and Wan's multistep samplers give them to networks.
  public var withWholeTimesteps: RectifiedFlow {
    var flow = self
    flow.cutsTimesteps = true
    return flow
  }

  public func alpha(_ time: Double) -> Double { 1 - sigma(time) }
  public func sigma(_ time: Double) -> Double { shift * time / (1 + (shift - 1) * time) }
  /// The time at which σ has this value.
  public func time(_ sigma: Double) -> Double { sigma / (shift - (shift - 1) * sigma) }
  public func timestep(_ time: Double) -> Double {
    let timestep = sigma(time) * 1000
    // A whole number may have lost its last digits on the way.
    return cutsTimesteps ? (timestep + 1e-6).rounded(.down) : timestep
  }
  /// A sampler whose first level is hardly below 1 begins with whole noise all the same, as in diffusers and FastGen.
  public func initialNoiseSigma(_ time: Double) -> Double { sigma(time) > 0.99 ? 1 : sigma(time) }
  public func samplingTimes(_ count: Int) -> [Double] { grid.levels(count, shift: shift).map(time(_:)) }
}
