import Foundation
import Tensors

/// Another program of this machine, such as ffmpeg.
public struct Program: Sendable {
  public let path: String

  /// Finds it as a shell does: a name with a slash in it is a path.
  ///
  /// - Parameter folders: to look in, as the variable PATH lists them; by default that variable.
  /// - Returns: nil where none of them has it.
  public init?(_ name: String, in folders: String? = nil) {
    let folders = (folders ?? ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let candidates = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
    guard let found = candidates.first(where: FileManager.default.isExecutableFile) else { return nil }
    path = found
  }

  /// What a program left behind.
  public struct Result: Sendable {
    /// Its exit code; 128 and more where a signal ended it, as in a shell.
    public var status: Int32
    public var output: Data
    /// What it wrote to its error output, without white space around it.
    public var words: String
  }

  /// Runs it to its end.
  ///
  /// What goes in and comes out are files: with pipes, either side could wait for the other. They have no names, so that
  /// nothing of them is left over whatever happens.
  ///
  /// - Parameter environment: beside this process's own.
  /// - Throws: `Failure` where there is no room for the files, or the program cannot be started.
  public func run(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:]
  ) throws -> Result {
    let (standardInput, output, errors) = (try Self.namelessFile(), try Self.namelessFile(), try Self.namelessFile())
    try standardInput.write(contentsOf: input)
    try standardInput.seek(toOffset: 0)
    let process = try started(arguments, environment) {
      ($0.standardInput, $0.standardOutput, $0.standardError) = (standardInput, output, errors)
    }
    process.waitUntilExit()
    func content(_ file: FileHandle) throws -> Data {
      try file.seek(toOffset: 0)
      return try file.readToEnd() ?? Data()
    }
    return Result(
      status: Self.status(of: process), output: try content(output),
      words: String(decoding: try content(errors), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// Runs it to its end in `folder`, its words going to this process's error output. It ends with this process, however
  /// that ends.
  ///
  /// - Parameters:
  ///   - environment: beside this process's own.
  ///   - isStopped: asked ten times a second. Once it says so, the program and all that it has started are told to end.
  /// - Returns: its exit code, as in `Result`.
  /// - Throws: `Failure` where it cannot be started.
  public func show(
    _ arguments: [String], in folder: String, environment: [String: String] = [:], until isStopped: () -> Bool
  ) throws -> Int32 {
    let process = try started(arguments, environment) {
      $0.currentDirectoryURL = URL(fileURLWithPath: folder)
      ($0.standardInput, $0.standardOutput, $0.standardError) = (
        FileHandle.nullDevice, FileHandle.standardError, FileHandle.standardError
      )
    }
    let guardian = try? ProgramGuard(process.processIdentifier)
    defer { guardian?.end() }
    var isTold = false
    while process.isRunning {
      usleep(100_000)
      guard !isTold, isStopped() else { continue }
      isTold = true
      // It leads a process group of its own, in which those that it starts are, too.
      kill(-process.processIdentifier, SIGTERM)
    }
    // A process can be told to have ended before its status is there.
    process.waitUntilExit()
    return Self.status(of: process)
  }

  private func started(
    _ arguments: [String], _ environment: [String: String] = [:], _ prepare: (Process) -> Void
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    prepare(process)
    do { try process.run() } catch {
      throw Failure(.io, at: path, "the program cannot be started: \(error.localizedDescription)")
    }
    return process
  }

  private static func status(of process: Process) -> Int32 {
    process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
  }

  private static func namelessFile() throws -> FileHandle {
    let folder = FileManager.default.temporaryDirectory.path
    var template = Array("\(folder)/fewstep-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    if descriptor < 0 { throw Failure.system(errno, "cannot make a temporary file", path: folder) }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}
