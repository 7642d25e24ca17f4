import Networks
import Tensors

/// A loss and the terms it is the sum of, for the curves.
public struct Loss {
  public let total: Tensor
  public let terms: [(name: String, value: Tensor)]

  public init(_ total: Tensor, terms: [(name: String, value: Tensor)] = []) {
    self.total = total
    self.terms = terms
  }

  /// Adds another term, weighted; its curve shows it unweighted.
  public func adding(_ name: String, _ value: Tensor, weight: Double) throws -> Loss {
    Loss(try total + value * weight, terms: terms + [(name, value)])
  }
}

/// Parts of a recipe that an objective cannot do without.
public enum ObjectiveNeed: Sendable {
  /// Real samples: the `data` section.
  case data
  /// Noise-image pairs: `training.pairs`.
  case pairs
}

/// What is learnt from what: turns a scene into the losses of the two roles that train.
///
/// Laws: `studentLoss` sends gradients to the student alone; `fakeTeacherLoss` to the fake teacher and to the objective's
/// own `parameters` alone; a scene with equal quantities gives equal losses. `ObjectiveChecks` tries them.
public protocol MatchingObjective: AnyObject {
  /// How samples are to be sensed by the reward, nil where the objective does not ask.
  var groupAdvantage: GroupAdvantage? { get }
  /// What the recipe must provide for it.
  var needs: Set<ObjectiveNeed> { get }
  /// Networks of the objective's own, such as a discriminator; they learn together with the fake teacher.
  var parameters: ParameterStore? { get }

  /// Builds what depends on the backbone; called once, before training.
  func prepare(for backbone: any Backbone, seed: Int) throws
  func studentLoss(_ scene: Scene) throws -> Loss
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss
}

extension MatchingObjective {
  public var groupAdvantage: GroupAdvantage? { nil }
  public var needs: Set<ObjectiveNeed> { [] }
  public var parameters: ParameterStore? { nil }
  public func prepare(for backbone: any Backbone, seed: Int) throws {}
}
