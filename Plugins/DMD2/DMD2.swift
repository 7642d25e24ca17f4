import Fewstep
import Networks
import Tensors

/// DMD2 (Yin et al., arXiv 2405.14867): DMD without the regression, with several fake-teacher updates per student
/// update (two time scales: `fake-teacher.updates`) and a GAN on real data.
public final class DMD2: MatchingObjective {
  public struct Settings: Sendable {
    public let gan: AdversarialTerm.Settings

    public init(_ s: SettingsReader) { gan = AdversarialTerm.Settings(s.section("gan")) }
  }

  private let gan: AdversarialTerm

  public init(_ settings: Settings) { gan = AdversarialTerm(settings.gan) }

  public var needs: Set<ObjectiveNeed> { gan.isActive ? [.data] : [] }
  public var parameters: ParameterStore? { gan.parameters }
  public var optimization: OptimizationSettings? { gan.settings.optimization }
  public func prepare(for scenes: SceneBuilder, seed: Int) throws { try gan.prepare(for: scenes, seed: seed) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let direction = try scene.distributionMatching + scene.conditionalAlignment
    return try gan.adding(toStudent: scene.match(along: direction), scene)
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    try gan.adding(toFakeTeacher: Loss(mean(scene.denoisingError)), scene)
  }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("dmd2", "DMD with two time scales and a GAN on real data (arXiv 2405.14867)", Settings.init, DMD2.init))
  }
}
