import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import DMD
@testable import Fewstep
@testable import SiD

/// x̂0 for Gaussian data N(mean, covariance) in the plane: mean + α S (α² S + σ²)⁻¹ (x_t - α mean).
private func gaussian(_ mean: Tensor, _ covariance: Tensor) -> FormulaDenoiser {
  FormulaDenoiser { noisy, alpha, sigma, _ in
    let s = try covariance.to(.float64).doubles()
    let (a, b) = (try alpha.doubles(), try sigma.doubles())
    // The gain of every sample's time, [B, 2, 2], by the adjugate.
    let gains = zip(a, b).flatMap { alpha, sigma in
      let noise = sigma * sigma
      let (p, q, r) = (alpha * alpha * s[0] + noise, alpha * alpha * s[1], alpha * alpha * s[3] + noise)
      let determinant = p * r - q * q
      let inverse = [r / determinant, -q / determinant, -q / determinant, p / determinant]
      return [
        alpha * (s[0] * inverse[0] + s[1] * inverse[2]), alpha * (s[0] * inverse[1] + s[1] * inverse[3]),
        alpha * (s[2] * inverse[0] + s[3] * inverse[2]), alpha * (s[2] * inverse[1] + s[3] * inverse[3]),
      ]
    }
    let gain = try Tensor(gains, shape: [a.count, 2, 2]).to(.float32)
    return try mean + matmul(gain, (noisy - alpha * mean).unsqueezed(2)).squeezed(2)
  }
}

@Suite struct ClosedFormTests {
  private let mean = [1.5, -0.7]
  private let covariance = [0.8, 0.3, 0.3, 0.5]

  @Test func `For Gaussians the direction is the difference of the two posterior means`() throws {
    // S = diag(v), so that each coordinate can be computed separately.
    let (m, v) = ([1.0, -2], [0.5, 2.0])
    let (b, w) = ([0.2, 0.3], [1.0, 0.25])
    func diagonal(_ v: [Double]) throws -> Tensor { try Tensor([v[0], 0, 0, v[1]], shape: [2, 2]).to(.float32) }
    func vector(_ v: [Double]) throws -> Tensor { try Tensor(v).to(.float32) }
    let samples = try normal("gaussian", [6, 2])
    let noise = try normal("gaussian noise", [6, 2])
    let time = try Tensor([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    let scene = Scene(
      samples: samples, condition: try Condition(classes: Array(repeating: 0, count: 6)), time: time, noise: noise,
      matching: Matching(), teacher: gaussian(try vector(m), try diagonal(v)),
      fakeTeacher: gaussian(try vector(b), try diagonal(w)))
    let (x, e, t) = (try samples.doubles(), try noise.doubles(), try time.doubles())
    var expected = [Double]()
    for i in 0..<6 {
      let (alpha, sigma) = (1 - t[i], t[i])
      for j in 0..<2 {
        let noisy = alpha * x[2 * i + j] + sigma * e[2 * i + j]
        func posterior(_ m: Double, _ v: Double) -> Double {
          m + alpha * v / (alpha * alpha * v + sigma * sigma) * (noisy - alpha * m)
        }
        expected.append(posterior(m[j], v[j]) - posterior(b[j], w[j]))
      }
    }
    try expectClose(scene.distributionMatching, Tensor(expected, shape: [6, 2]), 1e-5)
    try expectSame(scene.conditionalAlignment, .zeros([6, 2]))
  }

  @Test(arguments: [MatchingScale.none, .dmd2, .dmd])
  func `A linear student that follows DMD's direction becomes the Gaussian`(_ scale: MatchingScale) throws {
    try expectTheGaussian(from: DMD(.init(settings("kind: dmd"))), scale)
  }

  @Test(arguments: [1, 1.2])
  func `So does one that follows SiD's gradient`(_ alpha: Double) throws {
    try expectTheGaussian(from: SiD(.init(settings("alpha: \(alpha)"))), .dmd2)
  }

  @Test
  func `SiD's gradient for two Gaussians is their distance times its squared share, whatever α; for one it is 0`()
    throws
  {
    // x̂r - x̂f = c (m - b) with c = σ² / (α² + σ²), and d(x̂r - x)/dx = -c.
    let (m, b) = ([1.0, -2], [0.2, 0.3])
    let one = try Tensor([1, 0, 0, 1], shape: [2, 2]).to(.float32)
    let teacher = gaussian(try Tensor(m).to(.float32), one)
    let time = try Tensor([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    for (fake, difference) in [
      (gaussian(try Tensor(b).to(.float32), one), [m[0] - b[0], m[1] - b[1]]), (teacher, [0, 0]),
    ] {
      for alpha in [1, 1.2, -3] {
        let samples = try normal("gaussian", [6, 2]).requiringGrad()
        let scene = Scene(
          samples: samples, condition: try Condition(classes: Array(repeating: 0, count: 6)), time: time,
          noise: try normal("gaussian noise", [6, 2]), matching: Matching(scale: .none), teacher: teacher,
          fakeTeacher: fake)
        try SiD(.init(settings("alpha: \(alpha)"))).studentLoss(scene).total.backward()
        let expected = try time.doubles().flatMap { t in
          let share = t * t / ((1 - t) * (1 - t) + t * t)
          return difference.map { -share * share * $0 / 12 }
        }
        try expectClose(#require(samples.gradient), Tensor(expected, shape: [6, 2]), 1e-5)
      }
    }
  }

  private func expectTheGaussian(from objective: any MatchingObjective, _ scale: MatchingScale) throws {
    let (m, s) = (try Tensor(mean).to(.float32), try Tensor(covariance, shape: [2, 2]).to(.float32))
    let teacher = gaussian(m, s)
    let store = ParameterStore(.random(seed: 3))
    let student = try Linear(store.root, 2, 2)
    let optimizer = try AdamW(store.trainable, AdamW.Settings(learningRate: 0.03, betas: [0.5, 0.9], weightDecay: 0))
    let count = 256
    let condition = try Condition(classes: Array(repeating: 0, count: count))
    let steps = 300
    for step in 0..<steps {
      let noise = Noise(seed: step)
      let samples = try student(noise.stream("z", step: 0).normal(0..<count, [2]))
      let (a, b) = (try student.weight.value.detached().cloned(), try #require(student.bias).value.detached().cloned())
      let scene = Scene(
        samples: samples, condition: condition,
        time: try noise.stream("time", step: 0).uniform(0..<count, low: 0.02, high: 0.98).to(.float64),
        noise: try noise.stream("noise", step: 0).normal(0..<count, [2]),
        matching: Matching(scale: scale), teacher: teacher, fakeTeacher: gaussian(b, try matmul(a, a.transposed(0, 1))))
      try objective.studentLoss(scene).total.backward()
      try optimizer.step(factor: LearningRateSchedule(.cosine, total: steps).factor(at: step))
    }
    let a = try student.weight.value.detached()
    try expectClose(#require(student.bias).value, m, 0.02)
    try expectClose(matmul(a, a.transposed(0, 1)), s, 0.03)
  }
}
