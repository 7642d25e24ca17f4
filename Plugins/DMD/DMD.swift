import Fewstep
import Tensors

/// Distribution Matching Distillation (Yin et al., arXiv 2311.18828): the student follows the difference of the real and
/// the fake teacher's denoised samples; a regression on recorded noise-image pairs keeps it near the teacher's own map.
public final class DMD: MatchingObjective {
  public struct Settings: Sendable {
    public let regressionWeight: Double

    public init(_ s: SettingsReader) {
      regressionWeight = s.number(
        "regression-weight", default: 0, in: .nonNegative,
        "λ of the regression on noise-image pairs, which needs `training.pairs` (the paper: 0.25 with LPIPS; here squared error)."
      )
    }
  }

  private let regressionWeight: Double

  public init(_ settings: Settings) { regressionWeight = settings.regressionWeight }

  public var needs: Set<ObjectiveNeed> { regressionWeight > 0 ? [.pairs] : [] }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let direction = try scene.distributionMatching + scene.conditionalAlignment
    let loss = try scene.match(along: direction)
    guard regressionWeight > 0 else { return loss }
    let pairs = try scene.regressionPairs
    return try loss.adding("regression", mse(pairs.student, pairs.teacher), weight: regressionWeight)
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("dmd", "Distribution Matching Distillation (arXiv 2311.18828)", Settings.init, DMD.init))
  }
}
