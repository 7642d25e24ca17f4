import Networks
import Tensors

/// Parts of a recipe that an objective requires.
public enum ObjectiveNeed: Sendable {
  /// Real samples: the `data` section.
  case data
  /// Noise-image pairs: `training.pairs`.
  case pairs
}

/// A distillation objective: turns a scene into the losses of the two trained roles.
///
/// Laws: `studentLoss` sends gradients only to the student. `fakeTeacherLoss` sends them only to the fake teacher and
/// the objective's own `parameters`. A scene with equal quantities gives equal losses. `ObjectiveChecks` tests these
/// laws.
public protocol MatchingObjective: AnyObject {
  /// The settings that turn rewards into advantages; nil if the objective uses none.
  var groupAdvantage: GroupAdvantage? { get }
  /// The parts that the recipe must provide.
  var needs: Set<ObjectiveNeed> { get }
  /// The objective's networks, such as a discriminator. They learn from `fakeTeacherLoss`.
  var parameters: ParameterStore? { get }
  /// The settings that optimize `parameters`; nil optimizes them together with the fake teacher, by its optimizer.
  var optimization: OptimizationSettings? { get }

  /// Builds the parts that depend on the backbone or on the student's steps; called once, before training.
  ///
  /// - Parameter scenes: makes the scenes that the losses will get.
  func prepare(for scenes: SceneBuilder, seed: Int) throws
  func studentLoss(_ scene: Scene) throws -> Loss
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss
}

extension MatchingObjective {
  public var groupAdvantage: GroupAdvantage? { nil }
  public var needs: Set<ObjectiveNeed> { [] }
  public var parameters: ParameterStore? { nil }
  public var optimization: OptimizationSettings? { nil }
  public func prepare(for scenes: SceneBuilder, seed: Int) throws {}
}
