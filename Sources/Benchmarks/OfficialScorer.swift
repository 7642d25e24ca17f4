import Files
import Fewstep
import Foundation
import Processes
import Tensors

/// A benchmark's official scorer: a Python program in a folder of its own. What it says is shown, and Ctrl-C reaches it.
struct OfficialScorer {
  let folder: String
  /// Below the folder: "evaluation/evaluate_images.py".
  let script: String
  private let python: String
  private let program: Program

  /// - Parameter advice: how to get it.
  /// - Throws: `Failure` where it or its Python is not there.
  init(_ folder: String, script: String, python: String, advice: String) throws {
    guard FileManager.default.fileExists(atPath: "\(folder)/\(script)") else {
      throw Failure(.missing, at: folder, "there is no \(script).\n  \(advice)")
    }
    guard let program = Program(python) else {
      throw Failure(.missing, at: python, "there is no such program (--python)")
    }
    (self.folder, self.script, self.python, self.program) = (Self.whole(folder), script, python, program)
  }

  /// Its script, with the SHA-256.
  func identity() throws -> String { "\(script) \(try SHA256.hash(of: "\(folder)/\(script)"))" }

  /// A path that means the same in the scorer's folder.
  static func whole(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Runs it to its end. Both of its outputs go to our standard error: standard output is for scores.
  ///
  /// - Parameters:
  ///   - arguments: Python's, the script among them.
  ///   - results: the file that it is told to write. One of an earlier call is removed first, for it is no answer to this one.
  /// - Throws: `Failure` where it fails or writes nothing, or after Ctrl-C.
  func run(_ arguments: [String], writing results: String, environment: [String: String] = [:]) throws {
    note("\(script): \(([python] + arguments).joined(separator: " "))")
    if unlink(results) != 0, errno != ENOENT {
      throw Failure.system(errno, "cannot remove the earlier results", path: results)
    }
    Signals.listen()
    let code = try program.show(arguments, in: folder, environment: environment) { Signals.isRequested }
    try Signals.check("stopped while the official scorer ran; the samples are kept")
    guard code == 0 else {
      let how = code > 128 ? "died of signal \(code - 128)" : "ended with code \(code)"
      throw Failure(
        .software, at: "the official scorer \(script)", "\(how). The samples are kept; what it said is above.")
    }
    let size = try? FileManager.default.attributesOfItem(atPath: results)[.size] as? Int
    guard size ?? 0 > 0 else {
      throw Failure(
        .software, at: "the official scorer \(script)",
        "the scorer wrote no results to \(results), and ended with code 0. "
          + "The samples are kept; what it said is above.")
    }
  }
}

/// A file's content in a lock: what it is, and 16 digits of its SHA-256.
func fileIdentity(_ what: String, _ path: String) throws -> String {
  "\(what) \(try SHA256.hash(of: path).prefix(16))"
}
