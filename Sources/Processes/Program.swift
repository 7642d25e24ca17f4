import Foundation
import Tensors

/// Another program on this machine, such as ffmpeg.
public struct Program: Sendable {
  public let path: String

  /// Finds the program as a shell does: a name that contains a slash is a path.
  ///
  /// - Parameter folders: the folders to search, in the format of the variable PATH; by default that variable.
  /// - Returns: nil if none of them has it.
  public init?(_ name: String, in folders: String? = nil) {
    let folders = (folders ?? ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let candidates = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
    guard let found = candidates.first(where: FileManager.default.isExecutableFile) else { return nil }
    path = found
  }

  /// The program that runs in this process.
  public static var current: Program? {
    Program(URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path)
  }

  /// The outcome of a program.
  public struct Result: Sendable {
    /// Its exit code; 128 or more if a signal ended it, as in a shell.
    public var status: Int32
    public var output: Data
    /// Its error output, without surrounding white space.
    public var errorOutput: String
  }

  /// Runs the program to its end.
  ///
  /// Input and output are files: with pipes, either side could block the other. The files have no names, so they always
  /// disappear.
  ///
  /// - Parameter environment: added to this process's.
  /// - Throws: `Failure` if the files cannot be made or the program cannot be started.
  public func run(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:]
  ) throws -> Result {
    let (standardInput, output, errors) = (try Self.namelessFile(), try Self.namelessFile(), try Self.namelessFile())
    try standardInput.write(contentsOf: input)
    try standardInput.seek(toOffset: 0)
    let ending = try started(
      arguments, environment: environment, input: standardInput, output: output, errors: errors
    ).wait()
    func content(_ file: FileHandle) throws -> Data {
      try file.seek(toOffset: 0)
      return try file.readToEnd() ?? Data()
    }
    return Result(
      status: ending.status, output: try content(output),
      errorOutput: String(decoding: try content(errors), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// Runs the program to its end in `folder`. Both of its outputs go to this process's error output. It ends with this
  /// process, however that ends.
  ///
  /// - Parameters:
  ///   - environment: added to this process's.
  ///   - isStopped: called ten times a second. Once it is true, the program and all its child processes get SIGTERM.
  /// - Returns: its exit code, as in `Result`.
  /// - Throws: `Failure` if it cannot be started.
  public func show(
    _ arguments: [String], in folder: String, environment: [String: String] = [:], until isStopped: () -> Bool
  ) throws -> Int32 {
    // Launchers need ten seconds to end processes that they started in other groups.
    let guardian = try? ProcessGuard(asks: true, seconds: 10)
    let process = try started(
      arguments, in: folder, environment: environment, output: .standardError, errors: .standardError)
    guardian?.watch(process.id)
    var isTold = false
    while process.isRunning {
      usleep(100_000)
      guard !isTold, isStopped() else { continue }
      isTold = true
      process.sendToGroup(SIGTERM)
    }
    return withExtendedLifetime(guardian) { process.wait().status }
  }

  /// Starts the program, with /dev/null as its input and a file for both outputs. It may outlive this process.
  ///
  /// - Parameters:
  ///   - environment: added to this process's.
  ///   - log: the log file, which is emptied first.
  /// - Throws: `Failure` if it cannot be started.
  public func start(_ arguments: [String], environment: [String: String] = [:], log: String) throws -> RunningProcess {
    try Data().write(to: URL(fileURLWithPath: log))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    return try started(arguments, environment: environment, output: file, errors: file)
  }

  /// Starts the program with this process's error output; its output is this process's too, or goes to /dev/null. It ends
  /// with this process, however that ends.
  ///
  /// - Throws: `Failure` if it cannot be started.
  public func start(_ arguments: [String], environment: [String: String], isHeard: Bool) throws -> RunningProcess {
    let guardian = try? ProcessGuard(asks: true, seconds: 10)
    let output = isHeard ? FileHandle.standardOutput : .nullDevice
    let process = try started(arguments, environment: environment, output: output, errors: .standardError)
    guardian?.watch(process.id)
    process.guardian = guardian
    return process
  }

  private func started(
    _ arguments: [String], in folder: String = ".", environment: [String: String], input: FileHandle? = nil,
    output: FileHandle, errors: FileHandle
  ) throws -> RunningProcess {
    try withExtendedLifetime((input, output, errors)) {
      RunningProcess(
        try spawn(
          [path] + arguments, in: folder, environment: environment, input: input?.fileDescriptor,
          output: output.fileDescriptor, errors: errors.fileDescriptor))
    }
  }

  private static func namelessFile() throws -> FileHandle {
    let folder = FileManager.default.temporaryDirectory.path
    var template = Array("\(folder)/fewstep-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    if descriptor < 0 { throw Failure.system(errno, "cannot make a temporary file", path: folder, creates: true) }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}
