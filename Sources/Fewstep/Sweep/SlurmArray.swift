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
