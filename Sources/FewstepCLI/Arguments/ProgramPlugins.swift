import Fewstep
import PluginFiles
import Shipped

/// The plugins of this process: the shipped ones, those that the program adds, and those from `--plugin`.
enum ProgramPlugins {
  /// The program's own plugins, from `FewstepCommand.main(adding:)`.
  @TaskLocal static var added: [@Sendable (inout Catalog) -> Void] = []
  /// The files given with `--plugin`.
  @TaskLocal static var files: [PluginFile] = []

  /// All plugins that a recipe can name.
  static var catalog: Catalog {
    var catalog = Catalog.shipped()
    // One by one: an array of sendable functions cannot be cast to one of plain functions at run time.
    for register in added { register(&catalog) }
    for file in files { file.register(in: &catalog) }
    return catalog
  }
}
