import Networks
import Tensors

/// Parts of a recipe that an objective cannot do without.
public enum ObjectiveNeed: Sendable {
  /// Real samples: the `data` section.
  case data
  /// Noise-image pairs: `training.pairs`.
  case pairs
}

/// A distillation objective: turns a scene into the losses of the two roles that train.
///
/// Laws: `studentLoss` sends gradients to the student alone; `fakeTeacherLoss` to the fake teacher and to the objective's
/// own `parameters` alone; a scene with equal quantities gives equal losses. `ObjectiveChecks` tries them.
public protocol MatchingObjective: AnyObject {
  /// How advantages are made of rewards; nil if the objective uses none.
  var groupAdvantage: GroupAdvantage? { get }
  /// What the recipe must provide.
  var needs: Set<ObjectiveNeed> { get }
  /// The objective's networks, such as a discriminator. They learn from `fakeTeacherLoss`.
  var parameters: ParameterStore? { get }
  /// How `parameters` are optimized; nil: together with the fake teacher, by its optimizer.
  var optimization: OptimizationSettings? { get }

  /// Builds what depends on the backbone; called once, before training.
  func prepare(for backbone: any Backbone, seed: Int) throws
  func studentLoss(_ scene: Scene) throws -> Loss
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss
}

extension MatchingObjective {
  public var groupAdvantage: GroupAdvantage? { nil }
  public var needs: Set<ObjectiveNeed> { [] }
  public var parameters: ParameterStore? { nil }
  public var optimization: OptimizationSettings? { nil }
  public func prepare(for backbone: any Backbone, seed: Int) throws {}
}
