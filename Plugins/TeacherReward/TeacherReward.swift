import Fewstep
import Tensors

/// A reward from the teachers (AMD, arXiv 2602.07345, authors' reply to reviews): the teacher's denoising error, which bounds
/// -log p(x) up to a constant (Li et al., arXiv 2303.16203), and the distance between teacher and fake teacher.
///
///     R = -mean over t of ( |ε - ε̂_real|² + weight |x̂_real - x̂_fake| ), both as means over the sample
///
/// All samples use the same times and noises. Scores change while the fake teacher learns.
public final class TeacherReward: RewardProxy {
  private let teacher: any Teacher
  private let fakeTeacher: any FakeTeacher
  private let times: [Double]
  private let weight: Double
  private let noise: Noise

  /// - Parameter times: the times at which the teachers denoise.
  public init(
    _ teacher: any Teacher, _ fakeTeacher: any FakeTeacher, times: [Double], weight: Double, seed: Int
  ) {
    (self.teacher, self.fakeTeacher, self.times, self.weight) = (teacher, fakeTeacher, times, weight)
    noise = Noise(seed: seed)
  }

  public var readsPixels: Bool { false }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    let count = samples.shape[0]
    let penalties = try times.enumerated().map { index, t in
      let time = try Tensor.full([count], t, .float64)
      let epsilon = try noise.stream("intrinsic reward", step: index)
        .normal(0..<1, Array(samples.shape.dropFirst()), on: samples.device)
      let (alpha, sigma) = try teacher.schedule.coefficients(time, like: samples)
      let noisy = try alpha * samples + sigma * epsilon
      let real = try teacher.denoise(from: noisy, at: time, given: condition)
      let error = try (impliedNoise(real, noisy: noisy, alpha: alpha, sigma: sigma) - epsilon).squared().meanPerSample()
      guard weight > 0 else { return error }
      let fake = try fakeTeacher.denoise(from: noisy, at: time, given: condition)
      return try error + weight * abs(real - fake).meanPerSample()
    }
    return try -stacked(penalties).mean([0])
  }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin("intrinsic", "The teacher's denoising error and its distance to the fake teacher (arXiv 2602.07345)") {
        s in
        let times = s.numbers(
          "times", default: [0.2, 0.4, 0.6, 0.8], in: .closed(0.01, 1), "Times at which the teachers denoise.")
        let weight = s.number(
          "discrepancy", default: 0, in: .nonNegative, "Weight of |x̂_real - x̂_fake|, added to the denoising error.")
        return { context in
          guard let teacher = context.teacher, let fakeTeacher = context.fakeTeacher else {
            throw TensorError("intrinsic", "this reward needs the teachers, which exist only during training")
          }
          return TeacherReward(teacher, fakeTeacher, times: times, weight: weight, seed: context.seed)
        }
      })
  }
}
