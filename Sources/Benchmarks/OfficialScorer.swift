import Files
import Foundation
import Processes
import Tensors

/// A benchmark's official scorer: a Python program in a checkout of its repository.
public struct OfficialScorer {
  /// The checkout.
  public let folder: String
  /// Below the folder: "evaluation/evaluate_images.py".
  public let script: String
  private let python: String
  private let program: Program

  /// - Parameter advice: how to get it.
  /// - Throws: `Failure` if the script or its Python does not exist.
  public init(_ folder: String, script: String, python: String, advice: String) throws {
    guard FileManager.default.fileExists(atPath: "\(folder)/\(script)") else {
      throw Failure(.missing, at: folder, "there is no \(script)", advice: advice)
    }
    guard let program = Program(python) else {
      throw Failure(.missing, at: python, "there is no such program (--python)")
    }
    (self.folder, self.script, self.python, self.program) = (Self.absolute(folder), script, python, program)
  }

  /// Its script's name and SHA-256.
  public func digest() throws -> String { "\(script) \(try SHA256.hash(of: "\(folder)/\(script)"))" }

  /// A path that means the same in the scorer's folder.
  static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Runs it to its end. Both of its outputs go to standard error: standard output is for scores.
  ///
  /// - Parameters:
  ///   - arguments: Python's, the script among them.
  ///   - results: the file that it is told to write. An earlier one is removed first: it does not answer this call.
  ///   - note: gets the command line.
  /// - Throws: `Failure` if it fails or writes nothing; `Interrupted` after Ctrl-C.
  func run(
    _ arguments: [String], writing results: String, environment: [String: String] = [:], note: (String) -> Void
  ) throws {
    note("\(script): \(([python] + arguments).joined(separator: " "))")
    if unlink(results) != 0, errno != ENOENT {
      throw Failure.system(errno, "cannot remove the earlier results", path: results)
    }
    let code = try program.show(arguments, in: folder, environment: environment) { Signals.isRequested }
    try Signals.check("stopped while the official scorer ran; the samples are kept")
    let advice = "The samples are kept. Its output is above."
    guard code == 0 else {
      let how = code > 128 ? "was killed by signal \(code - 128)" : "ended with exit code \(code)"
      throw Failure(.software, at: script, "the official scorer \(how)", advice: advice)
    }
    let size = try? FileManager.default.attributesOfItem(atPath: results)[.size] as? Int
    guard size ?? 0 > 0 else {
      throw Failure(
        .software, at: script, "the official scorer wrote no results to \(results), and ended with exit code 0",
        advice: advice)
    }
  }
}

/// A file in a fingerprint: what it is, and 16 digits of its SHA-256.
func fileDigest(_ what: String, _ path: String) throws -> String {
  "\(what) \(try SHA256.hash(of: path).prefix(16))"
}
