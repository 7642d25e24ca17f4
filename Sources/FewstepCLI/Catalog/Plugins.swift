import ArgumentParser
import Fewstep
import Files
import Tensors
import Foundation

struct Plugins: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the plugins that recipes can name, or the settings of one.",
    discussion: """
      Example:  fewstep plugins
                fewstep plugins amd
                fewstep plugins recipe     the keys of every recipe
                fewstep plugins --markdown > docs/reference.md
      """)

  @Argument(help: "A plugin's name, or `recipe`.") var name: String?
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print the settings of all plugins as a Markdown page.") var markdown = false

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
      let near = nearest(name, among: entries.map(\.name)).map { "Did you mean '\($0)'?" }
      throw Failure(.usage, at: name, "no plugin has this name", advice: near)
    }
    if markdown { return print(Reference(entries: chosen).markdown, terminator: "") }
    if json { return print(try JSONEncoder.prettyText(chosen)) }
    for entry in chosen {
      print(
        "\(entry.kind.padding(toLength: 12, withPad: " ", startingAt: 0))\(entry.name.padding(toLength: 18, withPad: " ", startingAt: 0))\(entry.summary)"
      )
      guard name != nil else { continue }
      for setting in entry.settings {
        let range = setting["range"].map { ", \($0)" } ?? ""
        print(
          "  \(setting["key"]!): \(setting["default"]!)   (\(setting["type"]!)\(range); affects \(setting["affects"]!))"
        )
        print("      \(setting["meaning"]!)")
      }
    }
  }

  private var entries: [Entry] {
    let catalog = ProgramPlugins.catalog
    return ([catalog.recipe] + catalog.entries).map { entry in
      Entry(
        kind: entry.kind, name: entry.name, summary: entry.summary,
        settings: entry.settings.map {
          var fields = [
            "key": $0.key, "type": $0.type, "default": $0.defaultValue ?? "required", "affects": $0.affects.rawValue,
            "meaning": $0.meaning,
          ]
          fields["range"] = $0.range
          return fields
        })
    }
  }
}
