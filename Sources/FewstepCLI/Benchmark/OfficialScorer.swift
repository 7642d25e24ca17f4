import Fewstep
import Foundation
import Storage

/// A benchmark's official scorer: a Python program in a folder of its own. What it says is shown, and Ctrl-C reaches it.
struct OfficialScorer {
  let folder: String
  /// Below the folder: "evaluation/evaluate_images.py".
  let script: String
  let python: String

  /// - Parameter advice: how to get it.
  /// - Throws: `CommandError` where it is not there.
  init(_ folder: String, script: String, python: String, advice: String) throws {
    (self.folder, self.script, self.python) = (Self.whole(folder), script, python)
    guard FileManager.default.fileExists(atPath: "\(folder)/\(script)") else {
      throw CommandError(ExitCodes.missing, "\(folder): there is no \(script).\n  \(advice)")
    }
  }

  /// SHA-256 of its script.
  func identity() throws -> String { try SHA256.hash(of: "\(folder)/\(script)") }

  /// A path that means the same in the scorer's folder.
  static func whole(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Runs it to its end. Both of its outputs go to our standard error: standard output is for scores.
  ///
  /// - Parameter arguments: Python's, the script among them.
  /// - Throws: `CommandError` where it fails, or after Ctrl-C.
  func run(_ arguments: [String], environment: [String: String] = [:]) throws {
    note("\(script): \(([python] + arguments).joined(separator: " "))")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.standardError
    Interruption.listen()
    try process.run()
    var isStopped = false
    while process.isRunning {
      usleep(100_000)
      if Interruption.isRequested, !isStopped {
        isStopped = true
        kill(process.processIdentifier, SIGINT)
      }
    }
    // A process can be told to have ended before its status is there.
    process.waitUntilExit()
    try stopIfAsked("stopped while the official scorer ran; the samples are kept")
    let code = process.terminationStatus
    guard process.terminationReason == .exit, code == 0 else {
      let how =
        process.terminationReason == .uncaughtSignal
        ? "died of signal \(code)" : code == 127 ? "'\(python)' was not found (--python)" : "ended with code \(code)"
      throw CommandError(
        ExitCodes.software, "the official scorer \(script): \(how). The samples are kept; what it said is above.")
    }
  }
}
