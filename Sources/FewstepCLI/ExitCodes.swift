import Evaluation
import Fewstep
import Networks
import Storage
import Tensors

/// What the process says to scripts, after BSD's sysexits.h.
enum ExitCodes {
  static let usage: Int32 = 64
  static let invalid: Int32 = 65
  static let missing: Int32 = 66
  static let software: Int32 = 70
  static let io: Int32 = 74
  static let interrupted: Int32 = 75

  /// nil for errors that are not ours.
  static func code(of error: any Error) -> Int32? {
    switch error {
    case is OverrideError: usage
    case let error as StorageError: error.exitCode
    case let error as CommandError: error.code
    case is RecipeError, is CastError, is CheckpointError, is ParameterError, is SceneError, is EvaluationError: invalid
    case is TrainingError, is TensorError, is PluginError: software
    default: nil
    }
  }
}

/// A command cannot do what it was asked.
struct CommandError: Error, CustomStringConvertible {
  let code: Int32
  let description: String

  init(_ code: Int32, _ description: String) {
    self.code = code
    self.description = description
  }
}
