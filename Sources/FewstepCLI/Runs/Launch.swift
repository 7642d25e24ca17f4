import ArgumentParser
import Foundation
import Processes
import Tensors

struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a command in several processes on this machine, which train together.",
    discussion: """
      Example:  fewstep launch --processes 4 run recipes/quickstart.yaml --set training.micro-batches=4

      Each process trains its part of every batch, and with `device: cuda` each has a GPU of its own. torchrun, srun and mpirun
      do the same, on several machines too. If a process fails, the others are ended, and this command exits with its code.
      Ctrl-C saves and stops all of them.
      """)

  @Option(help: "The number of processes; by default one a GPU.") var processes: Int?
  @Option(help: "The port at which they find each other; by default a free one.") var port: Int?
  @Argument(parsing: .captureForPassthrough, help: "The command and its options: run RECIPE ...") var command:
    [String] =
      []

  /// Seconds that the others have to end by themselves after one has failed: they say why it did.
  private static let patience = 15.0

  func validate() throws {
    if let processes, !(1...1024 ~= processes) {
      throw ValidationError("--processes: expected 1 to 1024, got \(processes)")
    }
    // Options after the command are the command's own; so is this one, if there is no command.
    if ["--help", "-h"].contains(command.first) { throw CleanExit.helpRequest(self) }
    if command.isEmpty { throw ValidationError("expected a command to start: run RECIPE ...") }
    if command.first != "run" {
      throw ValidationError(
        command[0].hasPrefix("-")
          ? "unknown option \(command[0]); those of `run` come after it: launch ... run RECIPE \(command[0]) ..."
          : "only `run` trains in several processes, and the command is `\(command[0])`")
    }
    // Here, once: each process would say it.
    do { _ = try Run.parse(Array(command.dropFirst())) } catch { Run.exit(withError: error) }
    if let port, !(1...65535 ~= port) { throw ValidationError("--port: expected 1 to 65535, got \(port)") }
  }

  func run() throws {
    let count = processes ?? max(1, Device.cudaCount)
    guard let program = Program.current else {
      throw Failure(.io, at: "/proc/self/exe", "this program's own file cannot be found")
    }
    let port = try self.port ?? Self.freePort()
    Signals.listen()
    let ranks = try (0..<count).map { rank in
      let variables = [
        "RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": count, "MASTER_PORT": port,
      ].mapValues { "\($0)" }
      return try program.start(
        command, environment: variables.merging(["MASTER_ADDR": "127.0.0.1"]) { $1 }, isHeard: rank == 0)
    }
    let status = Self.wait(for: ranks)
    if status != 0 { throw ExitCode(status) }
  }

  /// - Returns: the exit code of the process that failed first; 0 if none did.
  private static func wait(for ranks: [RunningProcess]) -> Int32 {
    var failed: (status: Int32, deadline: Date)?
    var isTold = false
    var running = ranks
    while !running.isEmpty {
      usleep(50_000)
      for process in running where !process.isRunning {
        let status = process.wait().status
        if status != 0, failed == nil { failed = (status, Date(timeIntervalSinceNow: patience)) }
      }
      running = running.filter(\.isRunning)
      if Signals.isRequested, !isTold {
        isTold = true
        for process in running { process.send(SIGTERM) }
      }
      if let deadline = failed?.deadline, deadline < Date() { for process in running { process.sendToGroup(SIGKILL) } }
    }
    return failed?.status ?? 0
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    guard status == 0 else { throw Failure.system(errno, "no port is free", path: "127.0.0.1", creates: false) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
