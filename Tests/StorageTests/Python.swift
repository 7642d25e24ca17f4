import Foundation
import Tensors
import Testing

/// Runs Python, to see that other people's programs agree with us.
///
/// The interpreter is FEWSTEP_PYTHON, or `.venv/bin/python` at the root of the package.
struct Python {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static func interpreter() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardized
    let path =
      ProcessInfo.processInfo.environment["FEWSTEP_PYTHON"] ?? root.appendingPathComponent(".venv/bin/python").path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure(description: "there is no Python at \(path): run `make test`, which makes .venv")
    }
    return path
  }

  /// What the script prints, without the last line break. The arguments are `sys.argv[1:]`.
  ///
  /// - Throws: where the script fails, with what it said.
  @discardableResult
  static func run(_ script: String, _ arguments: String...) throws -> String {
    let (process, output, errors) = try start(script, arguments)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 {
      throw Failure(description: "Python failed: \(said(errors))")
    }
    return text.trimmingCharacters(in: .newlines)
  }

  /// The end of what a script wrote to its error output.
  static func said(_ errors: String) -> String {
    String(((try? String(contentsOfFile: errors, encoding: .utf8)) ?? "").suffix(2000))
  }

  /// A script that runs beside the test. `errors` is the file that its error output goes to.
  static func start(_ script: String, _ arguments: [String]) throws -> (Process, output: Pipe, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try interpreter())
    process.arguments = ["-u", "-c", script] + arguments
    let output = Pipe()
    let errors = NSTemporaryDirectory() + "fewstep-python-" + UUID().uuidString
    try Data().write(to: URL(fileURLWithPath: errors))
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    return (process, output, errors)
  }
}
