import Fewstep
import Tensors
import Testing

@testable import MotionReward

@Suite("Motion")
struct MotionRewardTests {
  private let condition = Condition(promptIDs: [0], tensors: [:])

  private func score(_ video: Tensor) throws -> Double {
    try MotionReward().score(video, pixels: video, given: condition).doubles()[0]
  }

  /// A white bar on black, at a column that depends on the frame: [1, 1, F, 4, 8].
  private func bar(_ column: (Int) -> Int, frames: Int = 4, light: (Int) -> Float = { _ in 0 }) throws -> Tensor {
    let values = (0..<frames).flatMap { frame in
      (0..<4).flatMap { _ in (0..<8).map { ($0 == column(frame) ? 1 : 0) + light(frame) } }
    }
    return try Tensor(values, shape: [1, 1, frames, 4, 8])
  }

  @Test func `A video that stands still does not move, however its light changes`() throws {
    #expect(try score(bar { _ in 2 }) == 0)
    #expect(try abs(score(bar({ _ in 2 }, light: { Float($0) * 0.1 }))) < 1e-6)
  }

  @Test func `A bar that goes on by a column each frame changes two columns of eight`() throws {
    #expect(try abs(score(bar { $0 }) - 0.25) < 1e-6)
    // Every second frame is a pair without a change.
    #expect(try abs(score(bar({ $0 / 2 }, frames: 5)) - 0.125) < 1e-6)
  }

  @Test func `Gradients reach the pixels, and images are refused`() throws {
    let video = try bar { $0 }.cloned().requiringGrad()
    try sum(MotionReward().score(video, pixels: video, given: condition)).backward()
    #expect(try video.gradient?.norm().item() ?? 0 > 0)
    let failure = #expect(throws: Failure.self) { try score(.zeros([1, 3, 8, 8])) }
    #expect("\(try #require(failure))".contains("videos of two or more frames"))
  }
}
