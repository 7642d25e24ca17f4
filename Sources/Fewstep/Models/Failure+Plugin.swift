import Networks
import Tensors

extension Failure {
  /// Runs a plugin's code and says where it failed, such as "objective (AMD), student's loss at step 3".
  static func locating<R>(_ place: @autoclosure () -> String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error where !isClear(error) && (error as? TensorError)?.isOutOfMemory != true {
      throw Failure(.software, at: place(), "\(error)")
    }
  }

  /// Whether an error's own message says what is wrong in a recipe or a file.
  static func isClear(_ error: any Error) -> Bool {
    error is Failure || error is RecipeError || error is ParameterError
  }
}
