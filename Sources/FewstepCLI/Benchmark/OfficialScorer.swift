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
    guard let program = Program(python) else {
      throw CommandError(ExitCodes.software, "'\(python)' was not found (--python)")
    }
    Interruption.listen()
    let code = try program.show(arguments, in: folder, environment: environment) { Interruption.isRequested }
    try stopIfAsked("stopped while the official scorer ran; the samples are kept")
    guard code == 0 else {
      let how = code > 128 ? "died of signal \(code - 128)" : "ended with code \(code)"
      throw CommandError(
        ExitCodes.software, "the official scorer \(script): \(how). The samples are kept; what it said is above.")
    }
  }
}
