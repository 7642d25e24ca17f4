import Files
import Foundation
import Processes
import Tensors

/// A benchmark's official scorer: a Python program in a checkout of its repository.
public struct OfficialScorer {
  /// The path of the checkout.
  public let folder: String
  /// The path relative to the folder: "evaluation/evaluate_images.py".
  public let script: String
  private let python: String
  private let program: Program

  /// - Parameter advice: how to get the scorer.
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

  /// The script's name and SHA-256.
  public func digest() throws -> String { "\(script) \(try SHA256.hash(of: "\(folder)/\(script)"))" }

  /// An absolute path, which is also valid in the scorer's folder.
  static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Runs the scorer to its end. Both of its outputs go to standard error: standard output is for scores.
  ///
  /// - Parameters:
  ///   - arguments: Python's arguments, including the script.
  ///   - results: the file that it must write. An earlier one is removed first, since it does not belong to this call.
  ///   - note: called with the command line.
  /// - Throws: `Failure` if the scorer fails or writes nothing; `Interrupted` after Ctrl-C.
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

/// A file in a fingerprint: its description, and 16 digits of its SHA-256.
func fileDigest(_ what: String, _ path: String) throws -> String {
  "\(what) \(try SHA256.hash(of: path).prefix(16))"
}
