import Tensors

/// Training cannot continue. A run catches it to go back to an earlier checkpoint.
public enum TrainingError: ExitCoded, CustomStringConvertible {
  case notFinite(role: String, quantity: String, step: Int)

  public var exitCode: Int32 { Failure.Kind.software.rawValue }

  /// The name of the value that was not finite: "the student's loss".
  var subject: String {
    switch self {
    case .notFinite(let role, let quantity, _): "the \(role)'s \(quantity)"
    }
  }

  public var description: String {
    switch self {
    case .notFinite(let role, let quantity, let step):
      "the \(role)'s \(quantity) is not finite at step \(step); nothing of that step is saved. "
        + "Lower the learning rates (all of them: one role's samples or weights spoil the other's loss), or set a gradient-limit."
    }
  }
}
