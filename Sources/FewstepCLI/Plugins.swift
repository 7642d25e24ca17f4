import ArgumentParser
import Fewstep
import Foundation

struct Plugins: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what a recipe may name, or one plugin's settings.",
    discussion: """
      Example:  fewstep plugins
                fewstep plugins amd
                fewstep plugins recipe     the keys of every recipe
                fewstep plugins --markdown > docs/reference.md
      """)

  @Argument(help: "A plugin's name, or `recipe`.") var name: String?
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print the settings of all as one page.") var markdown = false

  struct Entry: Encodable {
    let kind: String
    let name: String
    let summary: String
    let settings: [[String: String]]
  }

  func run() throws {
    let entries = self.entries
    let chosen = name.map { name in entries.filter { $0.name == name } } ?? entries
    if let name, chosen.isEmpty {
      let near = nearest(name, among: entries.map(\.name)).map { " Did you mean '\($0)'?" } ?? ""
      throw CommandError(ExitCodes.usage, "no plugin is named '\(name)'.\(near)")
    }
    if markdown { return print(Reference(entries: chosen).markdown, terminator: "") }
    if json { return print(String(decoding: try JSONEncoder.pretty.encode(chosen), as: UTF8.self)) }
    for entry in chosen {
      print(
        "\(entry.kind.padding(toLength: 12, withPad: " ", startingAt: 0))\(entry.name.padding(toLength: 18, withPad: " ", startingAt: 0))\(entry.summary)"
      )
      guard name != nil else { continue }
      for setting in entry.settings {
        let range = setting["range"].map { ", \($0)" } ?? ""
        print("  \(setting["key"]!): \(setting["default"]!)   (\(setting["type"]!)\(range))")
        print("      \(setting["meaning"]!)")
      }
    }
  }

  private var entries: [Entry] {
    let catalog = FewstepCommand.catalog
    func entry(_ kind: String, _ name: String, _ summary: String, _ settings: [Setting]) -> Entry {
      Entry(
        kind: kind, name: name, summary: summary,
        settings: settings.map {
          var fields = [
            "key": $0.key, "type": $0.type, "default": $0.defaultValue ?? "required", "meaning": $0.meaning,
          ]
          fields["range"] = $0.range
          return fields
        })
    }
    func entries<Product>(_ kind: String, _ plugins: [Plugin<Product>]) -> [Entry] {
      plugins.map { entry(kind, $0.name, $0.summary, $0.settings(in: catalog)) }
    }
    let own = entry("recipe", "recipe", "The keys of every recipe", Recipe.ownSettings(catalog))
    return [own] + entries("objective", catalog.objectives) + entries("backbone", catalog.backbones)
      + entries("new teacher", catalog.pretrainable) + entries("reward", catalog.rewards)
      + entries("data", catalog.data) + entries("features", catalog.features)
      + entries("classifier", catalog.classifiers) + entries("autoencoder", catalog.autoencoders)
  }
}
