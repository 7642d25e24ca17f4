import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a package with a plugin of your own, which builds, trains and is tested.",
    discussion: """
      Example:  fewstep new objective soft-matching
      Then:     cd soft-matching && swift run soft-matching run recipe.yaml

      The package has the plugin (some 30 lines), a recipe, a test and a README. Its program knows your plugin and all of ours.
      """)

  enum Kind: String, CaseIterable, ExpressibleByArgument { case objective, reward, backbone }

  @Argument(help: "objective, reward or backbone.") var kind: Kind
  @Argument(help: "Its name, as recipes will say it: letters, digits and hyphens.") var name: String
  @Option(help: "The folder to make; by default NAME, here.") var into: String?
  @Option(help: "Where the package takes Fewstep from: a folder or a git URL; by default the sources of this program.")
  var fewstep: String?

  func run() throws {
    let name = try PackageName(name, besides: FewstepCommand.catalog.entries.map(\.name))
    let source = try FewstepSource(fewstep, for: name)
    let folder = into ?? name.text
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw CommandError(ExitCodes.usage, "\(folder) is there already; name another folder with --into")
    }
    let template: any PluginTemplate =
      switch kind {
      case .objective: ObjectiveTemplate(name: name)
      case .reward: RewardTemplate(name: name)
      case .backbone: BackboneTemplate(name: name)
      }
    try write(PackageTemplate(plugin: template, source: source).files, to: folder)
    note("made \(folder); try: cd \(folder) && swift test && swift run \(name.text) run recipe.yaml")
  }

  /// The whole folder or, after an error, none of it.
  private func write(_ files: [(path: String, text: String)], to folder: String) throws {
    let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
    let temporary = "\(parent)/.\(UUID().uuidString).partial"
    do {
      for (path, text) in files {
        let place = URL(fileURLWithPath: "\(temporary)/\(path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
      }
      try FileManager.default.moveItem(atPath: temporary, toPath: folder)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw Failure(.io, at: folder, "the package cannot be written", advice: error.localizedDescription)
    }
  }
}
