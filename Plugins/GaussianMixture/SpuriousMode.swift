import Fewstep
import Tensors

/// A mode of the teacher's distribution that the data do not have. Near it the teacher's score is wrong by a known
/// amount, which shrinks as noise is added: a Forbidden Zone by construction (AMD, arXiv 2602.07345, Def. 3.2).
public struct SpuriousMode: Sendable {
  public let mean: [Double]
  public let std: Double
  /// Its share of the teacher's probability mass, in every class.
  public let weight: Double

  public init(mean: [Double], std: Double, weight: Double) {
    self.mean = mean
    self.std = std
    self.weight = weight
  }

  init(_ s: SettingsReader, dimension: Int) {
    let mean = s.numbers(
      "mean", default: Array(repeating: 0, count: dimension),
      "Its mean; random students start at the origin.")
    std = s.number("std", default: 0.5, in: .positive, "Its standard deviation.")
    weight = s.number(
      "weight", default: 0.3, in: .closed(0.001, 0.999), "Its share of the mass that the teacher sees, in every class.")
    s.require(mean.count == dimension, at: "mean", "expected \(dimension) numbers, got \(mean.count)")
    self.mean = mean.count == dimension ? mean : Array(repeating: 0, count: dimension)
  }
}

extension Mixture {
  /// The teacher's distribution: this mixture with a spurious mode in every class.
  func adding(_ mode: SpuriousMode) -> Mixture {
    let all = 0..<classes
    // Scaled by each class's mass, so that the mode has the same share of every class.
    let masses = all.map { label in zip(labels, weights).reduce(0) { $0 + ($1.0 == label ? $1.1 : 0) } }
    return Mixture(
      means: means + all.map { _ in mode.mean }, stds: stds + all.map { _ in mode.std },
      weights: weights.map { $0 * (1 - mode.weight) } + masses.map { $0 * mode.weight }, labels: labels + all)
  }
}
