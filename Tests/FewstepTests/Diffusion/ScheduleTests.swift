import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ScheduleTests {
  enum Schedule: String, CaseIterable {
    case flow, shiftedFlow, vp, discreteVP, edm

    var value: any NoiseSchedule {
      switch self {
      case .flow: RectifiedFlow()
      case .shiftedFlow: RectifiedFlow(shift: 3)
      case .vp: ContinuousVP()
      case .discreteVP: DiscreteVP()
      case .edm: EDM()
      }
    }
  }

  @Test(
    arguments: Schedule.allCases,
    Prediction.allCases)
  func `Every prediction's target leads back to the sample at every time of every schedule`(
    _ schedule: Schedule, _ prediction: Prediction
  ) throws {
    let samples = try normal("samples", [40, 3])
    let noise = try normal("noise", [40, 3])
    let time = try Tensor((0..<40).map { Double($0) / 40 })
    let (alpha, sigma) = try schedule.value.coefficients(time, like: samples)
    #expect(alpha.shape == [40, 1])
    let noisy = try alpha * samples + sigma * noise
    try expectSame(noisy, schedule.value.addNoise(samples, noise, at: time))
    let target = try prediction.target(samples, noise: noise, alpha: alpha, sigma: sigma)
    // Rounding of x_t and of the target is magnified by at most this factor.
    try expectClose(prediction.clean(target, noisy: noisy, alpha: alpha, sigma: sigma), samples, 2e-4)
  }

  @Test(arguments: Schedule.allCases)
  func `Noise grows and signal fades with time, from a clean sample to nearly pure noise`(_ schedule: Schedule) {
    let schedule = schedule.value
    let times = (0...100).map { Double($0) / 100 }
    #expect(schedule.alpha(0) == 1)
    #expect(schedule.sigma(0) == 0)
    for (a, b) in zip(times, times.dropFirst()) {
      #expect(schedule.sigma(a) < schedule.sigma(b))
      #expect(schedule.alpha(a) >= schedule.alpha(b))
      #expect(schedule.timestep(a) <= schedule.timestep(b))
    }
    #expect(schedule.sigma(1) / Swift.max(schedule.alpha(1), 1e-9) > 10)
  }

  @Test func `A variance-preserving schedule preserves variance`() {
    let schedules: [any NoiseSchedule] = [
      ContinuousVP(), DiscreteVP(), DiscreteVP(betaStart: 1e-4, betaEnd: 0.02, scaled: false),
    ]
    for schedule in schedules {
      for place in 0...1000 {
        let time = Double(place) / 1000
        let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
        #expect(Swift.abs(alpha * alpha + sigma * sigma - 1) < 1e-12)
      }
    }
  }

  @Test func `Times 1, 0.75, 0.5 and 0.25 of a table of 1000 are steps 999, 749, 499 and 249`() {
    let schedule = DiscreteVP()
    #expect([1, 0.75, 0.5, 0.25].map(schedule.timestep) == [999, 749, 499, 249])
    #expect(schedule.timestep(0) == 0)
    // All training times of a denoiser have the noise of a step of the table.
    let first = schedule.trainingTimes.lowerBound
    #expect(schedule.timestep(first) == 0 && schedule.sigma(first) == schedule.sigma(0.001))
    #expect([0.0205, 0.98149].map(schedule.timestep) == [20, 980])
    // Stable Diffusion's table: square roots of β interpolated.
    var product = 1.0
    var table = [Double]()
    for step in 0..<1000 {
      let root = 0.00085.squareRoot() + (0.012.squareRoot() - 0.00085.squareRoot()) * Double(step) / 999
      product *= 1 - root * root
      table.append(product)
    }
    for (time, step) in [(1.0, 999), (0.75, 749), (0.5, 499), (0.25, 249), (0.001, 0)] {
      #expect(Swift.abs(schedule.alpha(time) - table[step].squareRoot()) < 1e-12)
    }
    // The end values that diffusers prints.
    #expect(Swift.abs(table[0] - 0.99915) < 1e-9)
    #expect(Swift.abs(schedule.alpha(1) * schedule.alpha(1) - 0.004660) < 1e-5)
    // DDPM's own table, linear in β.
    let ddpm = DiscreteVP(betaStart: 1e-4, betaEnd: 0.02, scaled: false)
    #expect(Swift.abs(ddpm.alpha(1) * ddpm.alpha(1) - 4.0358e-5) < 1e-8)
  }

  @Test func `EDM's levels are those of the paper's 18 steps`() {
    let schedule = EDM()
    let sigmas = (0..<18).map { schedule.sigma(1 - Double($0) / 17) }
    for (sigma, known) in zip(sigmas, [80, 57.586, 40.786, 28.375, 19.353, 12.910, 8.4009]) {
      #expect(Swift.abs(sigma / known - 1) < 1e-4, "\(sigma) \(known)")
    }
    #expect(Swift.abs(schedule.sigma(1e-12) - 0.002) < 1e-9)
    #expect(Swift.abs(schedule.timestep(1) - log(80) / 4) < 1e-12)
    #expect(schedule.alpha(0.3) == 1)
  }

  @Test func `A shifted flow spends its times nearer to noise`() {
    let five = RectifiedFlow(shift: 5)
    let known = [(1, 1), (0.75, 0.9375), (0.5, 5.0 / 6), (0.25, 0.625), (0, 0)] as [(Double, Double)]
    for (time, sigma) in known {
      #expect(Swift.abs(five.sigma(time) - sigma) < 1e-12)
      #expect(Swift.abs(five.alpha(time) + five.sigma(time) - 1) < 1e-12)
      #expect(Swift.abs(five.timestep(time) - 1000 * sigma) < 1e-9)
    }
    #expect(RectifiedFlow().sigma(0.3) == 0.3)
  }

  @Test func `Coefficients keep the precision of float64 until they meet the samples`() throws {
    // 1 - 1e-9 is 1 in float32, where α would be 0.
    let time = try Tensor([1 - 1e-9])
    let (alpha, _) = try RectifiedFlow().coefficients(time, like: .zeros([1, 2]))
    #expect(Swift.abs(try alpha.item() / 1e-9 - 1) < 1e-6)
  }

  @Test func `The noise that a clean prediction implies is the noise, where it is right`() throws {
    let (samples, noise) = (try normal("samples", [8, 2]), try normal("noise", [8, 2]))
    let time = try times("time", 8)
    let (alpha, sigma) = try ContinuousVP().coefficients(time, like: samples)
    let noisy = try alpha * samples + sigma * noise
    try expectClose(impliedNoise(samples, noisy: noisy, alpha: alpha, sigma: sigma), noise, 1e-5)
  }
}
