import Fewstep
import Tensors

/// A mode that the teacher believes in and the data does not have: where it lies, the teacher's score is wrong by a known
/// amount, and the less so the more noise is added. A Forbidden Zone by construction (AMD, arXiv 2602.07345, Def. 3.2).
public struct SpuriousMode: Sendable {
  public let mean: [Double]
  public let deviation: Double
  /// Its share of the mass that the teacher sees, in every class.
  public let weight: Double

  public init(mean: [Double], deviation: Double, weight: Double) {
    self.mean = mean
    self.deviation = deviation
    self.weight = weight
  }

  init(_ s: SettingsReader, dimension: Int) {
    let mean = s.numbers(
      "mean", default: Array(repeating: 0, count: dimension),
      "Where it lies; the origin is where random students start.")
    deviation = s.number("deviation", default: 0.5, in: .positive, "Its standard deviation.")
    weight = s.number(
      "weight", default: 0.3, in: .closed(0.001, 0.999), "Its share of the mass that the teacher sees, in every class.")
    s.require(mean.count == dimension, at: "mean", "expected \(dimension) numbers, got \(mean.count)")
    self.mean = mean.count == dimension ? mean : Array(repeating: 0, count: dimension)
  }
}

extension Mixture {
  /// What a teacher sees that takes the phantom for a part of every class.
  func haunted(by phantom: SpuriousMode) -> Mixture {
    let all = 0..<classes
    // A class's own mass, so that the phantom's share of each is the same.
    let masses = all.map { label in zip(labels, weights).reduce(0) { $0 + ($1.0 == label ? $1.1 : 0) } }
    return Mixture(
      means: means + all.map { _ in phantom.mean }, deviations: deviations + all.map { _ in phantom.deviation },
      weights: weights.map { $0 * (1 - phantom.weight) } + masses.map { $0 * phantom.weight }, labels: labels + all)
  }
}
