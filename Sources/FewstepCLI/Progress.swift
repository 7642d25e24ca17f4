import Fewstep
import Foundation
import Tensors

/// A line that shows how far a long piece of work is and when it will end; on a terminal it renews itself, elsewhere a new
/// line is written now and then.
final class Progress {
  private let total: Int
  private let start = Date()
  private let first: Int
  private let isTerminal = isatty(STDERR_FILENO) == 1
  /// Seconds between lines where nobody looks on; a sweep, which reads them, asks for more of them.
  static let pauseVariable = "FEWSTEP_PROGRESS_SECONDS"
  private let quietPause = ProcessInfo.processInfo.environment[pauseVariable].flatMap(Double.init) ?? 15
  private var shown = Date.distantPast
  private var isComplete = false

  /// - Parameter first: where the work begins, when it is resumed.
  init(total: Int, from first: Int = 0) {
    self.total = total
    self.first = first
  }

  func update(_ done: Int, _ words: @autoclosure () -> String) {
    let pause = isTerminal ? 0.2 : quietPause
    guard !isComplete, done == total || -shown.timeIntervalSinceNow >= pause else { return }
    shown = Date()
    isComplete = done == total
    let elapsed = -start.timeIntervalSinceNow
    let rest = elapsed / Double(max(1, done - first)) * Double(total - done)
    let time = done == total ? "\(Self.clock(elapsed)) in all" : done > first ? "\(Self.clock(rest)) left" : ""
    let width = 20
    let filled = total == 0 ? width : width * done / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let line = "\(bar) \(done)/\(total)  \(words())  \(time)"
    FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[2K\(line)" : line + "\n").utf8))
    if done == total, isTerminal { FileHandle.standardError.write(Data("\n".utf8)) }
  }

  /// A line of its own, which the bar's next one follows.
  func note(_ text: String) {
    FileHandle.standardError.write(Data("\(isTerminal ? "\r\u{1B}[2K" : "")\(text)\n".utf8))
  }

  /// Ends the line where the work stopped early.
  func stop() { if isTerminal { FileHandle.standardError.write(Data("\n".utf8)) } }

  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded())
    return whole >= 3600
      ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%d:%02d", whole / 60, whole % 60)
  }
}

/// Four significant digits, and an exponent only where the number is very large or very small.
func brief(_ value: Double) -> String { String(format: 1e4..<1e6 ~= abs(value) ? "%.0f" : "%.4g", value) }
