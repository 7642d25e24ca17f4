/// A number by which the best checkpoint of a run is chosen (`output.keep-best`).
public enum BestMetric: String, Sendable, CaseIterable {
  /// The fixed batch's energy distance from the teacher's samples.
  case energyDistance = "energy-distance"
  /// The training reward's mean over the fixed batch.
  case reward
  /// The mean of all held-out rewards over the fixed batch.
  case heldOutRewards = "held-out-rewards"
  /// Of a small evaluation: `evaluation.samples-during` samples every `evaluation.every` steps.
  case frechetDistance = "frechet-distance"
  case kernelDistance = "kernel-distance"
  case recall

  /// Whether it comes from an evaluation; otherwise from the monitor's fixed batch.
  public var isEvaluated: Bool { [.frechetDistance, .kernelDistance, .recall].contains(self) }

  public func isBetter(_ value: Double, than other: Double) -> Bool {
    switch self {
    case .energyDistance, .frechetDistance, .kernelDistance: value < other
    case .reward, .heldOutRewards, .recall: value > other
    }
  }
}
