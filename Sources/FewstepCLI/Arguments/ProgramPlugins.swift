import Fewstep
import PluginFiles
import Shipped

/// The plugins of this process: those we ship, those that the program adds, and those that `--plugin` names.
enum ProgramPlugins {
  /// The program's own, as `FewstepCommand.main(adding:)` got them.
  @TaskLocal static var added: [@Sendable (inout Catalog) -> Void] = []
  /// The files that `--plugin` names.
  @TaskLocal static var files: [PluginFile] = []

  /// Everything that a recipe can name.
  static var catalog: Catalog { .shipped(adding: added + files.map { file in { file.register(in: &$0) } }) }
}
