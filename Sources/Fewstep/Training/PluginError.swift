import Files
import Networks
import Tensors

/// A plugin threw, or gave back what it must not.
public struct PluginError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.software.rawValue }
  /// Which one, and where: "objective (AMD), student's loss at step 3".
  public let place: String
  public let problem: String

  package init(_ place: String, _ problem: String) { (self.place, self.problem) = (place, problem) }

  public var description: String { "\(place): \(problem)" }

  /// Runs a plugin's code and puts its name on what it throws.
  static func at<R>(_ place: @autoclosure () -> String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error where !isClear(error) { throw PluginError(place(), "\(error)") }
  }

  /// Whether an error says by itself what in a recipe or a file is wrong.
  static func isClear(_ error: any Error) -> Bool {
    switch error {
    case is PluginError, is CastError, is SceneError, is RecipeError, is Failure, is ParameterError: true
    default: false
    }
  }
}

extension Loss {
  /// - Throws: `PluginError` where the loss or a term is no scalar, or nothing can be learnt from it.
  package func checked(_ place: String) throws -> Loss {
    for (name, value) in [("loss", total)] + terms where !value.shape.isEmpty {
      throw PluginError(place, "\(name): expected a scalar, got \(value.summary); take its mean")
    }
    guard total.requiresGrad else {
      throw PluginError(
        place, "loss: it depends on no parameter that trains; is something detached that should not be?")
    }
    return self
  }
}

extension RewardProxy {
  /// float32 [B], one finite score a sample; a sample that is not finite itself is the student's fault, and may have any.
  ///
  /// - Throws: `PluginError` where it gives anything else.
  func checkedScore(_ samples: Tensor, pixels: Tensor?, given condition: Condition, _ place: String) throws -> Tensor {
    let rewards = try PluginError.at(place) { try score(samples, pixels: pixels, given: condition) }
    guard rewards.shape == [condition.count] else {
      throw PluginError(place, "expected [\(condition.count)], one score a sample, got \(rewards.summary)")
    }
    for (index, reward) in try rewards.doubles().enumerated() where !reward.isFinite {
      guard try samples.rows(index..<index + 1).isFinite().doubles().allSatisfy({ $0 == 1 }) else { continue }
      throw PluginError(place, "the score of sample \(index) (prompt \(condition.promptIDs[index])) is \(reward)")
    }
    return try rewards.to(.float32)
  }

  /// - Throws: `PluginError` where scores that should carry their graph to the samples do not.
  func refuseWithoutGradient(_ scores: Tensor, _ place: String) throws {
    guard !scores.requiresGrad else { return }
    throw PluginError(
      place,
      "the scores of \(type(of: self)) carry no gradient to the samples, and the student's loss is to have one: "
        + "take another reward, or leave `student.reward-weight` out")
  }
}
