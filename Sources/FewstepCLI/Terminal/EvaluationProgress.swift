import Processes
import Tensors

/// Progress bars of an evaluation, one for each set of samples. Ctrl-C stops the evaluation.
final class EvaluationProgress {
  private let message: String
  private var current: (name: String, bar: Progress)?

  /// - Parameter message: printed after Ctrl-C: what was saved.
  init(_ message: String) { self.message = message }

  /// Runs `body`, whose calls of `update` draw the bars.
  ///
  /// - Throws: `Interrupted` after Ctrl-C.
  func callAsFunction<R>(_ body: () throws -> R) throws -> R {
    defer { if Signals.isRequested { current?.bar.stop() } }
    return try interruptible(by: { [message] in try Signals.check(message) }, body)
  }

  func update(_ name: String, _ done: Int, _ total: Int) {
    if current?.name != name { current = (name, Progress(total: total)) }
    current?.bar.update(done, name)
  }
}
