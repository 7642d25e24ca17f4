import AMD
import ArgumentParser
import CLIPRewards
import ClassifierReward
import DMD
import DMD2
import DecoupledDMD
import Fewstep
import Files
import Foundation
import GaussianMixture
import IDX
import ImageReward
import TeacherReward
import PerturbedReward
import PixelUNet
import ExternalReward
import RewardForcing
import SDXL
import SiD
import Tensors

/// The command `fewstep`; a user's package calls `FewstepCommand.main(adding:)` with plugins of its own.
public struct FewstepCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "fewstep",
    abstract: "Distils many-step diffusion and flow models into few-step ones.",
    discussion: """
      Begin with:  fewstep run recipes/quickstart.yaml

      --plugin FILE, with any command, loads a plugin that `fewstep build-plugin` made. May be repeated.

      Exit codes: 0 done; 1 the files that `diff` compared differ; 64 wrong usage; 65 an invalid recipe or a malformed
      file; 66 a missing file; 70 training diverged, or a bug; 74 input or output failed (disk full); 75 interrupted: it
      says what was saved, and how a run goes on (--resume); 76 a run was stopped by a warning, likewise.
      """,
    version: "0.1.0",
    subcommands: [
      Run.self, SweepCommand.self, Compare.self, Check.self, Recipes.self, Plugins.self, Sample.self, Evaluate.self,
      Measure.self, Features.self, BenchmarkCommand.self, Report.self, Field.self, Inspect.self, Diff.self,
      TrainTeacher.self, TrainAutoencoder.self, TrainClassifier.self,
      Pairs.self, New.self,
      BuildPlugin.self, Doctor.self, Prepare.self, Denoise.self, Encode.self, Decode.self, Embed.self,
      ExportCommand.self,
    ])

  public init() {}

  public typealias Registration = @Sendable (inout Catalog) -> Void

  /// Ours. The one list of plugins outside Package.swift.
  private static let shipped: [Registration] = [
    { DMD.register(in: &$0) }, { DMD2.register(in: &$0) }, { AMD.register(in: &$0) },
    { DecoupledDMD.register(in: &$0) }, { RewardForcing.register(in: &$0) }, { SiD.register(in: &$0) },
    { GaussianMixture.register(in: &$0) }, { PixelUNet.register(in: &$0) },
    { SDXL.register(in: &$0) },
    { ClassifierReward.register(in: &$0) }, { PerturbedReward.register(in: &$0) },
    { TeacherReward.register(in: &$0) }, { CLIPRewards.register(in: &$0) },
    { ImageReward.register(in: &$0) }, { ExternalReward.register(in: &$0) }, { IDXImages.register(in: &$0) },
    { PreparedLatents.register(in: &$0) },
  ]

  @TaskLocal private static var added: [Registration] = []
  /// Those that --plugin named.
  @TaskLocal static var pluginFiles: [PluginFile] = []

  /// Everything that a recipe may name.
  static var catalog: Catalog {
    var catalog = catalog(adding: added)
    for file in pluginFiles { file.register(in: &catalog) }
    return catalog
  }

  /// All plugins of ours and some more; for tests of the latter.
  public static func catalog(adding registrations: [Registration]) -> Catalog {
    var catalog = Catalog()
    for register in shipped + registrations { register(&catalog) }
    return catalog
  }

  /// Parses the arguments, runs the command, and exits with the documented code.
  public static func main(adding registrations: [Registration]) -> Never {
    // A file that reaches the process's limit (ulimit -f) is then an error of the write, not a death by signal.
    signal(SIGXFSZ, SIG_IGN)
    $added.withValue(registrations) {
      do {
        try Runtime.useAllCores()
        Runtime.keepFreedMemory()
        let (files, arguments) = try PluginFile.options(in: Array(CommandLine.arguments.dropFirst()))
        try $pluginFiles.withValue(PluginFile.load(files, beside: catalog)) {
          var command = try parseAsRoot(arguments)
          try command.run()
        }
      } catch {
        finish(with: error)
      }
    }
    Foundation.exit(0)
  }

  /// One line for people on standard error, and the code.
  private static func finish(with error: any Error) -> Never {
    let error = (error as? CocoaError).map { Failure($0) } ?? error
    if let code = ExitCodes.code(of: error) {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      Foundation.exit(code)
    }
    exit(withError: error)  // ArgumentParser's own: help, usage (64)
  }
}
