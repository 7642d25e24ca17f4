import Foundation
import Synchronization
import Tensors

/// Says what a long check is doing, and since when.
final class CheckProgress: SpanListener {
  private struct State {
    var stage = ""
    var start = Date()
    var shown = Date()
    var spans = [Span]()
  }

  private let state = Mutex(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1

  func begin(_ stage: String) {
    state.withLock {
      $0.stage = stage
      show($0)
    }
  }

  /// Removes the line from a terminal.
  func end() { if isTerminal { write("\r\u{1B}[2K") } }

  func begin(_ span: Span) {
    state.withLock {
      $0.spans.append(span)
      guard -$0.shown.timeIntervalSinceNow >= (isTerminal ? 0.2 : 15) else { return }
      $0.shown = Date()
      show($0)
    }
  }

  func end(_ span: Span) { state.withLock { _ = $0.spans.popLast() } }

  private func show(_ state: State) {
    let place = ([state.stage] + state.spans.dropFirst().map(\.rawValue)).joined(separator: " > ")
    let line = "\(Progress.clock(-state.start.timeIntervalSinceNow))  \(place)"
    write(isTerminal ? "\r\u{1B}[2K\(line)" : line + "\n")
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
