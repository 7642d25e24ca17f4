import Fewstep
import Foundation
import Tensors
import Testing

@Suite("Samplers of flows")
struct FlowGridTests {
  private struct Fixture: Decodable {
    struct Grid: Decodable {
      let sigmas: [Double]
      let timesteps: [Double]
    }
    struct Trajectory: Decodable {
      let every: [[Double]]
      let last: [Double]
      enum CodingKeys: String, CodingKey {
        case every = "4"
        case last = "10"
      }
    }
    let grids: [String: [String: [String: Grid]]]
    let start: [Double]
    let trajectories: [String: Trajectory]
  }

  private static let kinds: [(String, FlowGrid, SamplerKind)] = [
    ("unipc", .unipc, .unipc), ("dpm", .dpm, .dpm), ("euler", .euler, .ddim), ("unipc-original", .wan, .unipc),
    ("dpm-original", .even, .dpm),
  ]

  private func fixture() throws -> Fixture {
    try JSONDecoder().decode(
      Fixture.self, from: Data(contentsOf: URL(fileURLWithPath: "\(WanFixture.folder)/schedules.json")))
  }

  @Test(arguments: kinds)
  func `Noise levels are those of diffusers' schedulers and of Wan's own code`(
    _ name: String, grid: FlowGrid, sampler: SamplerKind
  ) throws {
    for (shift, counts) in try #require(fixture().grids[name]) {
      let schedule = RectifiedFlow(shift: Double(shift)!, grid: grid)
      for (count, expected) in counts {
        let times = schedule.samplingTimes(Int(count)!)
        #expect(times.count == Int(count) && expected.sigmas.count == times.count + 1)
        for (time, sigma) in zip(times + [0], expected.sigmas) {
          #expect(abs(schedule.sigma(time) - sigma) < 1e-7, "\(shift), \(count)")
        }
        // Multistep samplers cut timesteps off to whole numbers.
        let told = grid == .euler ? schedule : schedule.withWholeTimesteps
        for (time, timestep) in zip(times, expected.timesteps) {
          // There a whole number that lost its last digit is cut off to the one below.
          let exact = schedule.timestep(time)
          let isWhole = grid == .even && abs(exact - exact.rounded()) < 1e-9
          let gap = abs(told.timestep(time) - timestep)
          #expect(gap < (grid == .euler ? 1e-4 : isWhole ? 1.1 : 1e-9), "\(shift), \(count)")
        }
      }
    }
  }

  @Test(arguments: kinds)
  func `Samples follow the reference's steps`(_ name: String, grid: FlowGrid, sampler: SamplerKind) throws {
    let fixture = try fixture()
    let schedule = RectifiedFlow(shift: 3, grid: grid)
    let start = try Tensor(fixture.start, shape: [1, 6])
    func sample(_ count: Int, seen: (Tensor) -> Void = { _ in }) throws -> [Double] {
      try sampler.sampler.sample(start, times: schedule.samplingTimes(count), schedule: schedule) { x, time in
        seen(x)
        let sigma = schedule.sigma(time)
        return try x - sigma * (0.7 * x + sin(3 * x) * sigma - 0.2)
      }.doubles()
    }
    let expected = try #require(fixture.trajectories[name])
    var seen = [Tensor]()
    let last = try sample(4) { seen.append($0) }
    // Where the first level is almost 1, the next steps feel the last digits of float32.
    for (made, step) in zip(try seen.dropFirst().map { try $0.doubles() } + [last], expected.every) {
      for (a, b) in zip(made, step) { #expect(abs(a - b) < 1e-5, "\(made), \(step)") }
    }
    for (a, b) in zip(try sample(10), expected.last) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func `On a schedule that preserves variance both reach the sample that DDIM reaches in many steps`() throws {
    let schedule = ContinuousVP()
    // Data of variance 1/4: the best prediction is a multiple of the noisy sample.
    func sample(_ kind: SamplerKind, _ count: Int) throws -> [Double] {
      try kind.sampler.sample(
        Tensor([-1.0, 0.5], shape: [1, 2]), times: schedule.samplingTimes(count), schedule: schedule
      ) { x, time in
        let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
        return try x * (0.25 * alpha / (0.25 * alpha * alpha + sigma * sigma))
      }.doubles()
    }
    let exact = try sample(.ddim, 4000)[0]
    let errors = try [SamplerKind.ddim, .dpm, .unipc].map { abs(try sample($0, 20)[0] - exact) }
    #expect(errors[1] < errors[0] / 3 && errors[2] < errors[1])
  }
}
