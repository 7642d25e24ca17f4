import ArgumentParser
import Scaffold

struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a package with a new plugin that builds, trains and has tests.",
    discussion: """
      Example:  fewstep new objective soft-matching
      Then:     cd soft-matching && swift run soft-matching run recipe.yaml

      The package has the plugin (some 30 lines), a recipe, a test and a README. Its program knows the new plugin and all
      that Fewstep ships.
      """)

  @Argument(help: "objective, reward or backbone.") var kind: PluginPackage.Kind
  @Argument(help: "The plugin's name in recipes: letters, digits and hyphens.") var name: String
  @Option(help: "The folder to write; by default NAME in this folder.") var into: String?
  @Option(help: "Where the package takes Fewstep from: a folder or a git URL; by default the sources of this program.")
  var fewstep: String?

  func run() throws {
    let package = try PluginPackage(kind, name, source: fewstep, besides: ProgramPlugins.catalog)
    let folder = into ?? package.name
    try package.write(to: folder)
    note("wrote \(folder); try: cd \(folder) && swift test && swift run \(package.name) run recipe.yaml")
  }
}

extension PluginPackage.Kind: ExpressibleByArgument {}
