import Fewstep
import Tensors

/// Score identity Distillation (Zhou et al., arXiv 2404.04057): a Fisher divergence in place of DMD's KL. Its gradient
/// goes through x_t and both teachers, whose parameters stay unchanged.
public final class SiD: MatchingObjective {
  public struct Settings: Sendable {
    public let alpha: Double

    public init(_ s: SettingsReader) {
      alpha = s.number("alpha", default: 1, in: .any, "α in the student's loss (the paper: 1 to 1.2).")
    }
  }

  private let alpha: Double

  public init(_ settings: Settings) { alpha = settings.alpha }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let scene = scene.differentiable
    let (x, real) = (scene.samples, try scene.realGuided)
    let difference = try real - scene.fake
    let error = try difference * ((real - x) - alpha * difference)
    return Loss(try mean(error / scene.scale))
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("sid", "Score identity Distillation: a Fisher divergence (arXiv 2404.04057)", Settings.init, SiD.init))
  }
}
