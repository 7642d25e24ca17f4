import Tensors

/// Few-step generation: predict, add fresh noise up to the next time of the list, predict again. Stopped before the
/// end, and with gradients in its last prediction only, this is DMD2's backward simulation (arXiv 2405.14867, section
/// 4.5).
public struct FewStepSampler {
  /// Times that fall from 1.
  public let steps: [Double]

  public init(steps: [Double]) { self.steps = steps }

  /// The student's x̂0 [B, ...] at `steps[index]`; with its graph if gradients are enabled.
  ///
  /// - Parameter noise: the noise [B, ...] of each step of the list.
  public func sample(
    _ student: any Denoiser, upTo index: Int, given condition: Condition, noise: (Int) throws -> Tensor
  ) throws -> Tensor {
    var x = try noGrad { try noise(0) * student.schedule.initialNoiseSigma(steps[0]) }
    for place in 0...index {
      let time = try Tensor.full([condition.count], steps[place], .float64)
      guard place < index else { return try student.denoise(from: x, at: time, given: condition) }
      x = try noGrad {
        let clean = try student.denoise(from: x, at: time, given: condition)
        let next = steps[place + 1]
        return try student.schedule.alpha(next) * clean + student.schedule.sigma(next) * noise(place + 1)
      }
    }
    return x
  }
}
