import Foundation
import Processes
import Tensors

/// A command line that starts a sweep's runs elsewhere: "srun --ntasks 1 --gpus 1 {command}".
public struct SweepLauncher: Sendable {
  private let template: String

  /// - Throws: `Failure` if it does not say where the run's command goes.
  public init(_ template: String) throws {
    guard template.contains("{command}") else {
      throw Failure(
        .usage, at: "--launcher", expected: "'slurm', or a command line with {command} in it", got: "'\(template)'")
    }
    self.template = template
  }

  /// The shell's line for a command.
  public func line(_ command: [String]) -> String {
    template.replacingOccurrences(of: "{command}", with: command.map(\.shellQuoted).joined(separator: " "))
  }

  func start(_ command: [String], log: String) throws -> RunningProcess {
    guard let shell = Program("/bin/sh") else { throw Failure(.missing, at: "/bin/sh", "there is no shell") }
    return try shell.start(["-c", line(command)], log: log)
  }
}

extension String {
  /// As one word of a shell's line.
  package var shellQuoted: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+%".utf8.contains($0) }
    return isPlain ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
