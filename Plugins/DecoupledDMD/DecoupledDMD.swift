import Fewstep
import Tensors

/// Decoupled DMD (Liu et al., arXiv 2511.22677): each of the two terms of DMD's direction has its own times. The
/// matching term, a regularizer, uses all times. The guidance term, the engine, uses only times cleaner than the
/// student's current time, at which details are still undetermined (the paper's τ_CA ~ U(t, 1), in which time runs from
/// noise to clean).
///
/// Each expectation is over its own time alone, so τ_CA is τ_DM mapped to its interval rather than a second draw. In
/// the student's first step the two are the same, and this is DMD.
public final class DecoupledDMD: MatchingObjective {
  public init() {}

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let matching = scene.matching
    let reach = matching.fraction(of: scene.studentTime)
    let isApart = reach < 1 && matching.guidance.scale != 1
    let later =
      isApart ? scene.at(try matching.time(at: reach * matching.fraction(of: scene.time)), named: "alignment") : scene
    return try scene.match(
      moving: scene.step(along: scene.distributionMatching) + later.step(along: later.conditionalAlignment))  // Eq. 6
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("decoupled-dmd", "DMD with times of their own for matching and guidance (arXiv 2511.22677)") { _ in
        { _ in DecoupledDMD() }
      })
  }
}
