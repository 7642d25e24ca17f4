import Fewstep
import Tensors

/// An objective of one's own: DMD's whole direction times exp(advantage / temperature), as Reward Forcing (arXiv 2512.04678)
/// weights it. The AMD paper calls this naive reweighting.
public final class Reweighting: MatchingObjective {
  private let temperature: Double
  public let groupAdvantage: GroupAdvantage?

  public init(_ s: SettingsReader) {
    temperature = s.number(
      "temperature", default: 0.5, in: .positive, "What advantages are divided by in the exponent.")
    groupAdvantage = GroupAdvantage(
      groupSize: s.integer("group-size", default: 8, in: .atLeast(2), "Samples of one prompt."))
  }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let weight = try exp(scene.advantage / temperature).broadcast(toRank: scene.samples.rank)
    return try scene.match(along: weight * (scene.distributionMatching + scene.conditionalAlignment))
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("reweighting", "DMD times exp(advantage / temperature)") { s in
        let objective = Reweighting(s)
        return { _ in objective }
      })
  }
}
