import Foundation
import TestSupport
import Testing

/// A process and its output.
final class Job {
  private let process = Process()
  private let outputPath: String
  private let errorPath: String

  /// - Parameter folder: the working folder; the process's output goes to hidden files there.
  init(_ executable: String, _ arguments: [String], in folder: String, environment: [String: String] = [:]) throws {
    let name = UUID().uuidString
    outputPath = "\(folder)/.out-\(name)"
    errorPath = "\(folder)/.err-\(name)"
    for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    // One thread, since tests run in parallel on the same machine.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["OMP_NUM_THREADS": "1"]) { $1 }.merging(environment) { $1 }
    process.standardOutput = FileHandle(forWritingAtPath: outputPath)
    process.standardError = FileHandle(forWritingAtPath: errorPath)
    try process.run()
  }

  /// The exit code; 128 or more for a signal, as in a shell.
  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }
  var isRunning: Bool { process.isRunning }
  var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
  var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }
}

/// The program that was built with these tests.
enum Fewstep {
  /// It is next to the test bundle, whose executable this process is.
  static let executable: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    let candidates =
      [own, CommandLine.arguments[0], Bundle.main.executablePath ?? ""]
      + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
    let folders = candidates.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    return folders.map { $0 + "/fewstep" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "fewstep"
  }()

  static func start(_ arguments: [String], in scratch: Scratch) throws -> Job {
    try Job(executable, arguments, in: scratch.folder)
  }

  @discardableResult
  static func run(
    _ arguments: String..., in scratch: Scratch, expecting code: Int32 = 0, location: SourceLocation = #_sourceLocation
  ) throws -> Job {
    let job = try start(arguments, in: scratch)
    let got = job.wait()
    #expect(got == code, "\(arguments): \(job.output.suffix(500)) \(job.errors.suffix(1500))", sourceLocation: location)
    return job
  }
}

/// Ranks that are started one by one, without a launcher.
///
/// - Parameters:
///   - arguments: of each rank's program.
///   - wrapped: what a rank's program is started by, if not directly: a program and its arguments.
func startRanks(
  _ arguments: [[String]], of count: Int? = nil, host: String = "127.0.0.1", port: Int,
  wrapped: (_ rank: Int) -> [String] = { _ in [] }, environment: [String: String] = [:], in scratch: Scratch
) throws -> [Job] {
  let size = count ?? arguments.count
  return try arguments.enumerated().map { rank, arguments in
    let command = wrapped(rank) + [Fewstep.executable] + arguments
    return try Job(
      command[0], Array(command.dropFirst()), in: scratch.folder,
      environment: [
        "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "MASTER_ADDR": host, "MASTER_PORT": "\(port)",
      ].merging(environment) { $1 })
  }
}

/// A port that is likely free: tests of several libtorchs may run at once.
func freePort() -> Int { 20_000 + Int.random(in: 0..<9_000) }

/// A recipe that takes about a second: AMD on a mixture in the plane, with a GAN, an average and an evaluation.
func recipe(steps: Int = 12, extra: String = "") -> String {
  """
  # Eight modes in the plane
  name: small
  seed: 5
  threads: 1
  backbone:
    kind: gaussian-mixture
    network: {width: 16, layers: 2, embedding: 8}
  data: {kind: mixture, count: 200}
  reward: {kind: density}
  objective:
    kind: amd
    group-size: 8
    gan: {student-weight: 0.01}
  student:
    steps: [1, 0.5]
    ema: {decay: 0.9}
  fake-teacher: {updates: 2}
  matching: {guidance: 1.5}
  training: {steps: \(steps), batch: 32}
  output: {log-every: 1, checkpoint-every: 4, sample-every: 6, diagnostics-every: 2}
  evaluation:
    samples: 100
    teacher-steps: [5]
    features: {kind: mixture}
    reference: {kind: mixture, count: 300, seed: 8}
  \(extra)
  """
}

/// Truncates a file to this share of its bytes.
func truncate(_ path: String, to share: Double) throws {
  let data = try Data(contentsOf: URL(fileURLWithPath: path))
  try data.prefix(Int(Double(data.count) * share)).write(to: URL(fileURLWithPath: path))
}

/// Waits until the condition is true.
func waitFor(_ what: String, seconds: Double = 300, _ condition: () -> Bool) throws {
  let end = Date(timeIntervalSinceNow: seconds)
  while !condition() {
    try #require(Date() < end, "\(what) did not happen")
    usleep(10_000)
  }
}
