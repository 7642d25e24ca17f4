import Tensors

/// Group-relative advantages (AMD, arXiv 2602.07345, Eq. 12): a sample's reward compared with those of its prompt's group.
public struct GroupAdvantage: Equatable, Sendable {
  /// K: the number of samples per prompt.
  public var groupSize: Int
  /// Steps between evaluations of the reward. On the other steps every advantage is 0, which is plain DMD.
  public var interval: Int
  /// ã is limited to ± this.
  public var clip: Double
  /// ε of Eq. 12.
  public var epsilon: Double
  /// How far σ_g² is drawn towards its mean over all groups of the step, 0...1. If a group's rewards hardly differ, it
  /// then has small advantages instead of ±1.
  public var pooledStd: Double

  public init(
    groupSize: Int = 8, interval: Int = 1, clip: Double = 1, epsilon: Double = 1e-6, pooledStd: Double = 0
  ) {
    self.groupSize = groupSize
    self.interval = interval
    self.clip = clip
    self.epsilon = epsilon
    self.pooledStd = pooledStd
  }

  /// ã = clip((R - μ_g) / (σ_g + ε)) for rewards [B] in consecutive groups of K.
  ///
  /// σ_g is the biased standard deviation. If a group's rewards do not differ, its advantages are 0. This needs
  /// float64, in which the mean of equal float32 numbers is exactly that number. In float32 it is not, and the rounding
  /// error would be comparable to ε.
  public func advantages(_ rewards: Tensor) throws -> Tensor {
    let groups = try rewards.to(.float64).reshaped([-1, groupSize])
    return try advantages(groups, among: groups).reshaped([-1])
  }

  /// The same for rewards [..., n] that are compared with others' rewards [..., K].
  func advantages(_ rewards: Tensor, among peers: Tensor) throws -> Tensor {
    let peers = try peers.to(.float64)
    let centred = try rewards.to(.float64) - peers.mean([-1], keeping: true)
    var variance = try peers.variance([-1], correction: 0, keeping: true)
    if pooledStd > 0 { variance = try (1 - pooledStd) * variance + pooledStd * mean(variance) }
    return try (centred / (sqrt(variance) + epsilon)).clamped(-clip, clip).to(.float32)
  }
}

/// Rewards and advantages of all samples of a step. A scene's micro-batch is a part of them.
public struct BatchRewards {
  /// float [B]
  public let rewards: Tensor
  /// ã, float [B]
  public let advantages: Tensor
  let groupSize: Int
  /// Advantages of the one group that all samples are compared with; nil if each sample has its own group.
  private let peers: Tensor?

  public init(rewards: Tensor, groupAdvantage: GroupAdvantage) throws {
    self.rewards = rewards
    advantages = try groupAdvantage.advantages(rewards)
    groupSize = groupAdvantage.groupSize
    peers = nil
  }

  /// Samples outside all groups: their rewards are compared with those of `peers` [K].
  public init(rewards: Tensor, peers: Tensor, groupAdvantage: GroupAdvantage) throws {
    self.rewards = rewards
    advantages = try groupAdvantage.advantages(rewards, among: peers)
    groupSize = groupAdvantage.groupSize
    self.peers = try groupAdvantage.advantages(peers, among: peers)
  }

  /// For each sample the mean of `weight` over the advantages of its group.
  func groupMean(_ weight: (PerSample) throws -> PerSample) throws -> PerSample {
    if let peers { return try PerSample(mean(weight(PerSample(peers))) + advantages.zerosLike()) }
    let weights = try weight(PerSample(advantages)).values
    return try PerSample(weights.reshaped([-1, groupSize]).mean([1]).repeatInterleaved(groupSize))
  }
}
