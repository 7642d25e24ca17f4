import Fewstep
import Tensors

/// A user's objective: DMD's whole direction times exp(advantage / temperature), as in Reward Forcing (arXiv
/// 2512.04678). The AMD paper calls this naive reweighting.
public final class Reweighting: MatchingObjective {
  public struct Settings: Sendable {
    public let temperature: Double
    public let groupSize: Int

    public init(_ s: SettingsReader) {
      temperature = s.number(
        "temperature", default: 0.5, in: .positive, "What advantages are divided by in the exponent.")
      groupSize = s.integer("group-size", default: 8, in: .atLeast(2), "Samples of one prompt.")
    }
  }

  private let settings: Settings

  public init(_ settings: Settings) { self.settings = settings }

  public var groupAdvantage: GroupAdvantage? { GroupAdvantage(groupSize: settings.groupSize) }

  public func studentLoss(_ scene: Scene) throws -> Loss {
    let weight = try exp(scene.advantage / settings.temperature)
    return try scene.match(along: weight * (scene.distributionMatching + scene.conditionalAlignment))
  }

  public func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }

  public static func register(in catalog: inout Catalog) {
    catalog.objectives.append(
      Plugin("reweighting", "DMD times exp(advantage / temperature)", Settings.init, Reweighting.init))
  }
}
