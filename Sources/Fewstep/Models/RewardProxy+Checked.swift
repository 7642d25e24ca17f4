import Tensors

extension RewardProxy {
  /// float32 [B], one finite score per sample. A sample that is not finite itself is the student's fault and may have
  /// any score.
  ///
  /// - Throws: `Failure` if the reward returns anything else.
  func checkedScore(_ samples: Tensor, pixels: Tensor?, given condition: Condition, _ place: String) throws -> Tensor {
    let rewards = try Failure.locating(place) { try score(samples, pixels: pixels, given: condition) }
    guard rewards.shape == [condition.count] else {
      throw Failure(.software, at: place, "expected [\(condition.count)], one score per sample, got \(rewards.summary)")
    }
    for (index, reward) in try rewards.doubles().enumerated() where !reward.isFinite {
      guard try samples.rows(index..<index + 1).isFinite().doubles().allSatisfy({ $0 == 1 }) else { continue }
      throw Failure(
        .software, at: place, "the score of sample \(index) (prompt \(condition.promptIDs[index])) is \(reward)")
    }
    return try rewards.to(.float32)
  }

  /// - Throws: `Failure` if scores that should carry their graph to the samples do not.
  func refuseWithoutGradient(_ scores: Tensor, _ place: String) throws {
    guard !scores.requiresGrad else { return }
    throw Failure(
      .software, at: place,
      "\(type(of: self)) is not differentiable, but `student.reward-weight` needs its gradient: use another reward or "
        + "remove the setting")
  }
}
