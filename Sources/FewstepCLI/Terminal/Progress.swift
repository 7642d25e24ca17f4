import Fewstep
import Foundation
import Tensors

/// A progress bar on standard error. On a terminal it updates in place; otherwise it prints a new line every 15
/// seconds.
final class Progress {
  private let total: Int
  private let start = Date()
  private let first: Int
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var lastUpdate = Date.distantPast
  private var done = 0
  private var isComplete = false

  /// - Parameter first: the position at which resumed work starts.
  init(total: Int, from first: Int = 0) {
    self.total = total
    self.first = first
  }

  func update(_ done: Int, _ label: @autoclosure () -> String) {
    let pause = isTerminal ? 0.2 : 15
    guard !isComplete, done == total || -lastUpdate.timeIntervalSinceNow >= pause else { return }
    lastUpdate = Date()
    isComplete = done == total
    self.done = done
    let elapsed = -start.timeIntervalSinceNow
    let rest = elapsed / Double(max(1, done - first)) * Double(total - done)
    let time = done == total ? "\(Self.clock(elapsed)) in all" : done > first ? "\(Self.clock(rest)) left" : ""
    let width = 20
    let filled = total == 0 ? width : width * done / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let line = "\(bar) \(done)/\(total)  \(label())  \(time)"
    FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[2K\(line)" : line + "\n").utf8))
    if done == total, isTerminal { FileHandle.standardError.write(Data("\n".utf8)) }
  }

  /// Says what is being done between two updates.
  func label(_ text: String) {
    guard -lastUpdate.timeIntervalSinceNow >= (isTerminal ? 0.2 : 15) else { return }
    lastUpdate = Date()
    FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[2K\(done)/\(total)  \(text)" : text + "\n").utf8))
  }

  /// Prints a line above the bar.
  func note(_ text: String) {
    FileHandle.standardError.write(Data("\(isTerminal ? "\r\u{1B}[2K" : "")\(text)\n".utf8))
  }

  /// Ends the line if the work stopped early.
  func stop() { if isTerminal { FileHandle.standardError.write(Data("\n".utf8)) } }

  static func clock(_ seconds: Double) -> String {
    let seconds = Int(min(seconds, 1e9).rounded())
    return seconds >= 3600
      ? String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
      : String(format: "%d:%02d", seconds / 60, seconds % 60)
  }
}
