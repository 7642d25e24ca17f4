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
  static var catalog: Catalog {
    var catalog = Catalog.shipped()
    // One by one: an array of sendable functions cannot be cast to one of plain functions at run time.
    for register in added { register(&catalog) }
    for file in files { file.register(in: &catalog) }
    return catalog
  }
}
