import Fewstep
import Networks
import Tensors

/// Adaptive Matching Distillation (Bai et al., arXiv 2602.07345). A reward finds samples in Forbidden Zones, in which
/// the teacher is unreliable. For these samples the two parts of DMD's signal are reweighted (Dynamic Score
/// Adaptation), and the fake teacher is trained harder, so that its repulsion does not vanish (Repulsive Landscape
/// Sharpening).
///
/// Three options are off by default: `adaptation: scalar` is the paper's ablation; `pooled-std` and `noise-tilt`
/// are remedies that are not in the paper. See docs/objectives.md.
public final class AMD: MatchingObjective {
  private let settings: Settings
  private let gan: AdversarialTerm?

  public init(_ settings: Settings) {
    self.settings = settings
    gan = settings.gan.map(AdversarialTerm.init)
  }

  public var groupAdvantage: GroupAdvantage? { settings.groupAdvantage }
  public var needs: Set<ObjectiveNeed> { gan?.isActive == true ? [.data] : [] }
  public var parameters: ParameterStore? { gan?.parameters }
  public var optimization: OptimizationSettings? { settings.gan?.optimization }
  public func prepare(for scenes: SceneBuilder, seed: Int) throws { try gan?.prepare(for: scenes, seed: seed) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let (s, a) = (settings.sensitivity, try scene.advantage)  // Eq. 12
    let beta = try 1 - s * a  // Eq. 13
    let alpha = try settings.adaptation == .scalar ? beta : 1 + s * a
    let compared = try tilted(scene, a)
    let direction = try beta * compared.distributionMatching + alpha * compared.conditionalAlignment  // Eq. 10
    scene.note("alpha", alpha)
    scene.note("beta", beta)
    let loss = try compared.match(along: direction)
    return try gan?.adding(toStudent: loss, scene) ?? loss
  }

  /// The scene at times that are shifted by the advantage.
  private func tilted(_ scene: Scene, _ a: PerSample) throws -> Scene {
    guard settings.noiseTilt > 0 else { return scene }
    let power = try exp(settings.noiseTilt * a).values.to(.float64).to(.cpu)
    let fraction = try exp(power * log(scene.matching.fraction(of: scene.time)))
    let time = try scene.matching.time(at: fraction)
    scene.note("tilted-t", time)
    return scene.at(time, named: "tilted")
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    let sharpened = { [settings] (a: PerSample) in try exp(-settings.sharpening * a) }
    var weight = try sharpened(scene.advantage)  // Eq. 14
    if settings.normalised { weight = try weight / scene.groupMean(sharpened) }
    scene.note("weight", weight)
    let loss = Loss(try mean(weight * scene.denoisingError))
    return try gan?.adding(toFakeTeacher: loss, scene) ?? loss
  }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("amd", "Adaptive Matching Distillation (arXiv 2602.07345)", Settings.init, AMD.init))
  }
}
