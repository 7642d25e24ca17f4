import Foundation
import Tensors
import Testing

/// Runs Python, to check that other programs agree with Fewstep.
///
/// The interpreter is FEWSTEP_PYTHON, or `.venv/bin/python` at the root of the package.
package enum Python {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private static func interpreter() throws -> String {
    let path = ProcessInfo.processInfo.environment["FEWSTEP_PYTHON"] ?? "\(Repository.root)/.venv/bin/python"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure(description: "there is no Python at \(path): run `make test`, which makes .venv")
    }
    return path
  }

  /// Returns the output of the script, without the last line break. The arguments are `sys.argv[1:]`.
  ///
  /// - Throws: if the script fails, with its error output.
  @discardableResult
  package static func run(_ script: String, _ arguments: String..., in folder: Scratch? = nil) throws -> String {
    let (process, output, errors) = try start(script, arguments, in: folder)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 {
      throw Failure(description: "Python failed: \(said(errors))")
    }
    return text.trimmingCharacters(in: .newlines)
  }

  /// The end of a script's error output.
  package static func said(_ errors: FileHandle) -> String {
    try? errors.seek(toOffset: 0)
    return String(decoding: ((try? errors.readToEnd()) ?? Data()).suffix(2000), as: UTF8.self)
  }

  /// Starts a script that runs at the same time as the test. `errors` reads the file of its error output, which has no name any
  /// more.
  package static func start(
    _ script: String, _ arguments: [String], in folder: Scratch? = nil
  ) throws -> (Process, output: Pipe, errors: FileHandle) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try interpreter())
    process.arguments = ["-u", "-c", script] + arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder.folder) }
    // One thread, since tests run in parallel on the same machine.
    process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
    let output = Pipe()
    let path = URL(fileURLWithPath: NSTemporaryDirectory() + "fewstep-python-" + UUID().uuidString)
    try Data().write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let errors = try FileHandle(forReadingFrom: path)
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: path)
    try process.run()
    return (process, output, errors)
  }
}
