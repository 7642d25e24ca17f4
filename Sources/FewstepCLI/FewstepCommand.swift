import ArgumentParser
import Fewstep
import Files
import Foundation
import PluginFiles
import Tensors

/// The command `fewstep`. A package's program calls `FewstepCommand.main(adding:)` with its own plugins.
public struct FewstepCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "fewstep",
    abstract: "Distill many-step diffusion and flow models into few-step ones.",
    discussion: """
      Start with:  fewstep run recipes/quickstart.yaml

      --plugin FILE loads a plugin made by `fewstep build-plugin`; it works with any command and may be repeated.

      Exit codes: 0 done; 1 the files that `diff` compared differ; 64 wrong usage; 65 an invalid recipe or a malformed
      file; 66 a missing file; 70 training diverged, or a bug; 74 input or output failed (disk full), or another process of
      a run was lost; 75 interrupted, what was saved is printed, and runs can be resumed (--resume); 76 a run was stopped by
      a warning, and can be resumed.
      """,
    version: Release.version,
    subcommands: [
      Run.self, Launch.self, SweepCommand.self, Compare.self, Check.self, Plan.self, Recipes.self, Plugins.self,
      Sample.self,
      Evaluate.self,
      Measure.self, Features.self, BenchmarkCommand.self, Report.self, Field.self, Inspect.self, Diff.self,
      TrainTeacher.self, TrainAutoencoder.self, TrainClassifier.self,
      Pairs.self, New.self,
      BuildPlugin.self, Doctor.self, Prepare.self, Denoise.self, Encode.self, Decode.self, Embed.self,
      ExportCommand.self,
    ])

  public init() {}

  public typealias Registration = @Sendable (inout Catalog) -> Void

  /// Parses the arguments, runs the command, and exits with the documented code.
  public static func main(adding registrations: [Registration]) -> Never {
    // A file that reaches the process's size limit (ulimit -f) then causes a write error instead of a fatal signal.
    signal(SIGXFSZ, SIG_IGN)
    ProgramPlugins.$added.withValue(registrations) {
      do {
        try Runtime.useAllCores()
        Runtime.keepFreedMemory()
        let options = try PluginOptions(Array(CommandLine.arguments.dropFirst()))
        try ProgramPlugins.$files.withValue(PluginFile.load(options.files, joining: ProgramPlugins.catalog)) {
          var command = try parseAsRoot(options.others)
          try refuseSeveral(command)
          try command.run()
        }
      } catch {
        finish(with: error)
      }
    }
    Foundation.exit(0)
  }

  /// Each process would train the same. Other commands may be of use where a launcher's variables are set.
  private static func refuseSeveral(_ command: any ParsableCommand) throws {
    guard
      command is SweepCommand || command is TrainTeacher || command is TrainAutoencoder || command is TrainClassifier,
      isOneOfSeveral
    else { return }
    throw Failure(
      .usage, at: "this command",
      "a launcher has started several processes of it, and only `fewstep run` trains in several",
      advice: "Start it once, without the launcher and its variables (RANK, WORLD_SIZE...).")
  }

  private static var isOneOfSeveral: Bool {
    // Variables that are wrong are a launcher's too.
    do { return try DistributedEnvironment(ProcessInfo.processInfo.environment) != nil } catch { return true }
  }

  /// Prints the error to standard error and exits with its code.
  private static func finish(with error: any Error) -> Never {
    let error = (error as? CocoaError).map { Failure($0) } ?? error
    guard let code = code(of: error) else { exit(withError: error) }
    let place = try? DistributedEnvironment(ProcessInfo.processInfo.environment)
    let rank = place.map { "rank \($0.rank): " } ?? ""
    FileHandle.standardError.write(Data("\(rank)error: \(error)\n".utf8))
    Foundation.exit(code)
  }

  /// The exit code of an error. An error without an exit code is a bug. nil for ArgumentParser's own errors, which
  /// print themselves: help, wrong usage, a code that a command chose.
  static func code(of error: any Error) -> Int32? {
    if let error = error as? any ExitCoded { return error.exitCode }
    return error is ExitCode || exitCode(for: error) != .failure ? nil : Failure.Kind.software.rawValue
  }
}
