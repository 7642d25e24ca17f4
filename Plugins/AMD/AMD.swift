import Fewstep
import Networks
import Tensors

/// Adaptive Matching Distillation (Bai et al., arXiv 2602.07345): a reward senses samples in Forbidden Zones, where the
/// teacher is unreliable; for them the two parts of DMD's signal are reweighted (Dynamic Score Adaptation) and the fake
/// teacher is trained harder, so that its repulsion does not vanish (Repulsive Landscape Sharpening).
///
/// Three options are not the paper's and off by default: `adaptation: scalar` is its ablation, `pooled-deviation` and
/// `noise-tilt` are remedies; see docs/objectives.md.
public final class AMD: MatchingObjective {
  /// What the advantage reweights.
  public enum Adaptation: String, Sendable, CaseIterable {
    /// The two terms against each other (Eq. 10).
    case decomposed
    /// The whole direction by β: naive reweighting (Fig. 8).
    case scalar
  }

  private let sensitivity: Double
  private let adaptation: Adaptation
  private let noiseTilt: Double
  private let sharpening: Double
  private let normalised: Bool
  private let gan: AdversarialTerm?
  public let groupAdvantage: GroupAdvantage?
  public var parameters: ParameterStore? { gan?.parameters }
  public var needs: Set<ObjectiveNeed> { gan?.isActive == true ? [.data] : [] }

  public init(_ s: SettingsReader) {
    sensitivity = s.number(
      "sensitivity", default: 0.3, in: .halfOpen(0, 1),
      "How far the advantage tilts the two signals: s in Eq. 13. 0 is DMD.")
    adaptation = s.choice(
      "adaptation", default: .decomposed,
      "What the advantage reweights: the two signals (Eq. 10), or as a scalar (1 - s ã) their sum, the naive way of Fig. 8."
    )
    noiseTilt = s.number(
      "noise-tilt", default: 0, in: .nonNegative,
      "κ: samples are compared at u^exp(κ ã) for the time u in `matching.times`, bad ones in more noise. 0 is the paper's."
    )
    sharpening = s.number(
      "sharpening", default: 1, in: .nonNegative,
      "k in the fake teacher's weight W = exp(-k ã), Eq. 14 (the paper: 1). 0 is DMD.")
    normalised = s.boolean(
      "normalise-sharpening", default: true,
      "Divide W by its mean over the group: without it the fake teacher's loss grows by some 28%.")
    groupAdvantage = GroupAdvantage(
      groupSize: s.integer(
        "group-size", default: 8, in: .atLeast(2),
        "K in Eq. 12: samples of one prompt (the paper: 64 images, 8 videos)."),
      interval: s.integer(
        "interval", default: 1, in: .atLeast(1),
        "Rewards are evaluated every so many steps (the paper: 8 for SDXL); plain DMD between."),
      clip: s.number("advantage-clip", default: 1, in: .positive, "ã is limited to ± this, Eq. 12."),
      epsilon: s.number("advantage-epsilon", default: 1e-6, in: .positive, "ε in Eq. 12."),
      pooledDeviation: s.number(
        "pooled-deviation", default: 0, in: .closed(0, 1),
        "How far σ_g² in Eq. 12 is drawn towards its mean over the step's groups. 0 is the paper's."))
    gan = s.has("gan") ? AdversarialTerm(s.section("gan")) : nil
  }

  public func prepare(for backbone: any Backbone, seed: Int) throws { try gan?.prepare(for: backbone, seed: seed) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let a = try scene.advantage  // Eq. 12
    let beta = try 1 - sensitivity * a  // Eq. 13
    let alpha = try adaptation == .scalar ? beta : 1 + sensitivity * a
    let compared = try tilted(scene, a)
    let direction =
      try beta.broadcast(toRank: compared.samples.rank) * compared.distributionMatching
      + alpha.broadcast(toRank: compared.samples.rank) * compared.conditionalAlignment  // Eq. 10
    scene.note("alpha", alpha)
    scene.note("beta", beta)
    let loss = try compared.match(along: direction)
    return try gan?.adding(toStudent: loss, scene) ?? loss
  }

  /// The scene at times tilted by the advantage.
  private func tilted(_ scene: Scene, _ a: Tensor) throws -> Scene {
    guard noiseTilt > 0 else { return scene }
    let power = try exp(noiseTilt * a).to(.float64).to(.cpu)
    let fraction = try exp(power * log(scene.matching.fraction(of: scene.time)))
    let time = try scene.matching.time(at: fraction)
    scene.note("tilted-t", time)
    return scene.at(time, named: "tilted")
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    let sharpened = { [sharpening] (a: Tensor) in try exp(-sharpening * a) }
    var weight = try sharpened(scene.advantage)  // Eq. 14
    if normalised { weight = try weight / scene.groupMean(sharpened) }
    scene.note("weight", weight)
    let loss = Loss(try mean(weight * scene.denoisingError))
    return try gan?.adding(toFakeTeacher: loss, scene) ?? loss
  }
}

extension AMD {
  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("amd", "Adaptive Matching Distillation (arXiv 2602.07345)") { s in
        let objective = AMD(s)
        return { _ in objective }
      })
  }
}
