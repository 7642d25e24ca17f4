import Processes

/// Progress bars of an evaluation, one for each set of samples. Ctrl-C stops the evaluation.
final class EvaluationProgress {
  private let message: String
  private var current: (name: String, bar: Progress)?

  /// - Parameter message: printed after Ctrl-C: what was saved.
  init(_ message: String) { self.message = message }

  /// - Throws: `Interrupted` after Ctrl-C.
  func update(_ name: String, _ done: Int, _ total: Int) throws {
    if Signals.isRequested { current?.bar.stop() }
    try Signals.check(message)
    if current?.name != name { current = (name, Progress(total: total)) }
    current?.bar.update(done, name)
  }
}
