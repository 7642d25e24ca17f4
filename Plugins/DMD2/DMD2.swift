import Fewstep
import Networks
import Tensors

/// DMD2 (Yin et al., arXiv 2405.14867): DMD without the regression, with several fake-teacher updates for each of the
/// student's (two time scales: `fake-teacher.updates`) and a GAN on real data.
public final class DMD2: MatchingObjective {
  private let gan: AdversarialTerm
  public var parameters: ParameterStore? { gan.parameters }
  public var needs: Set<ObjectiveNeed> { gan.isActive ? [.data] : [] }

  public init(_ s: SettingsReader) { gan = AdversarialTerm(s.section("gan")) }

  public func prepare(for backbone: any Backbone, seed: Int) throws { try gan.prepare(for: backbone, seed: seed) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let direction = try scene.distributionMatching + scene.conditionalAlignment
    return try gan.adding(toStudent: scene.match(along: direction), scene)
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss {
    try gan.adding(toFakeTeacher: Loss(mean(scene.denoisingError)), scene)
  }
}

extension DMD2 {
  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("dmd2", "DMD with two time scales and a GAN on real data (arXiv 2405.14867)") { s in
        let objective = DMD2(s)
        return { _ in objective }
      })
  }
}
