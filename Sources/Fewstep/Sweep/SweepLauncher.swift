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

/// A sweep as one job array of Slurm, in which each task is a run.
public struct SlurmArray: Sendable {
  private let command: [String]
  private let count: Int
  private let parallel: Int?
  private let options: [String]

  /// - Parameters:
  ///   - command: runs one run of the sweep, whose index is added.
  ///   - count: of runs.
  ///   - parallel: at a time; nil is as many as Slurm starts.
  ///   - options: of sbatch, such as "--gpus=1".
  public init(_ command: [String], count: Int, parallel: Int?, options: [String]) {
    (self.command, self.count, self.parallel, self.options) = (command, count, parallel, options)
  }

  /// The batch script. A run that is preempted or out of time saves, and goes on when the same command is submitted again.
  ///
  /// - Parameter folder: gets the tasks' logs.
  public func script(logs folder: String) -> String {
    let given = options.map { "#SBATCH \($0)\n" }.joined()
    return """
      #!/bin/bash
      #SBATCH --array=0-\(count - 1)\(parallel.map { "%\($0)" } ?? "")
      #SBATCH --output=\("\(folder)/slurm-%a.log".shellQuoted)
      #SBATCH --open-mode=append
      #SBATCH --requeue
      #SBATCH --signal=TERM@120
      \(given)srun \(command.map(\.shellQuoted).joined(separator: " ")) --member "$SLURM_ARRAY_TASK_ID"

      """
  }
}

extension String {
  /// As one word of a shell's line.
  var shellQuoted: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+%".utf8.contains($0) }
    return isPlain ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
