import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put finished runs side by side: means, spread over seeds, paired differences with intervals.",
    discussion: """
      Example:  fewstep compare runs/ablation-sensitivity --baseline sensitivity=0 --format markdown

      Takes run folders, or folders that hold some, such as a sweep's. Runs whose recipes differ in the seed alone are one
      variant. Runs that were not measured alike (metrics, feature network, real samples, sample count, seed) are refused.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, markdown, csv, latex, json }

  @Argument(help: "Run folders, or folders of them.") var runs: [String]
  @Option(help: "The variant that others are compared with; by default the first.") var baseline: String?
  @Option(help: "Which line of the scores.") var model = "student"
  @Option(help: "text, markdown, csv, latex or json.") var format = Format.text

  func run() throws {
    let comparison = try Comparison(try Self.entries(below: runs), model: model, baseline: baseline)
    print(try Self.text(comparison, format))
  }

  static func text(_ comparison: Comparison, _ format: Format) throws -> String {
    let tables = try comparison.tables
    return switch format {
    case .text: tables.map { "\($0.title)\n\($0.table.text)" }.joined(separator: "\n\n")
    case .markdown: tables.map { "\($0.title):\n\n\($0.table.markdown)" }.joined(separator: "\n\n")
    case .csv: try comparison.table.csv
    case .latex: tables.map { "% \($0.title)\n\($0.table.latex)" }.joined(separator: "\n\n")
    case .json: String(decoding: try JSONEncoder.pretty.encode(comparison.summaries), as: UTF8.self)
    }
  }

  /// Every finished run in the folders, with its variant's name: the sweep's, or what its recipe says differently.
  static func entries(below folders: [String]) throws -> [Comparison.Entry] {
    var entries = [Comparison.Entry]()
    var loose = [RunFolder]()
    for folder in folders {
      if let members = try SweepFolder(folder).members() {
        // Variants of two sweeps may be called alike, and be something else.
        let prefix = folders.count > 1 ? "\(URL(fileURLWithPath: folder).lastPathComponent)/" : ""
        let others = try runFolders(in: folder).count { run in !members.contains { run.path.hasSuffix("/\($0.path)") } }
        if others > 0 { note("note: \(others) runs in \(folder) are of another sweep than the last and left out") }
        for member in members {
          let run = RunFolder("\(folder)/\(member.path)")
          guard FileManager.default.fileExists(atPath: run.evaluation) else {
            note("note: \(run.path) has no scores yet and is left out")
            continue
          }
          entries.append(
            Comparison.Entry(
              path: run.path, variant: prefix + member.variant, seed: member.seed,
              evaluated: try .load(run.evaluation)))
        }
        continue
      }
      let inside = try runFolders(in: folder)
      guard !inside.isEmpty else {
        throw CommandError(
          ExitCodes.missing, "\(folder): there is no finished run in it (a folder with evaluation.json)")
      }
      loose += inside
    }
    let recipes = try loose.map { try YAMLNode.load(path: $0.recipe) }
    for (run, (recipe, variant)) in zip(loose, zip(recipes, Variants.names(recipes))) {
      entries.append(
        Comparison.Entry(
          path: run.path, variant: variant, seed: try recipe["seed"]?.integer() ?? 0,
          evaluated: try .load(run.evaluation)))
    }
    return entries
  }

  private static func runFolders(in path: String) throws -> [RunFolder] {
    let folder = RunFolder(path)
    let files = FileManager.default
    if files.fileExists(atPath: folder.evaluation) { return [folder] }
    let inside = (try? files.contentsOfDirectory(atPath: path))?.sorted() ?? []
    var isFolder: ObjCBool = false
    return try inside.map { "\(path)/\($0)" }
      .filter { files.fileExists(atPath: $0, isDirectory: &isFolder) && isFolder.boolValue }
      .flatMap { try runFolders(in: $0) }
  }
}

/// Names for runs by what their recipes say differently.
enum Variants {
  /// "sensitivity=0.3,guidance=1.5" from the keys whose values are not the same in all recipes, the seed aside.
  static func names(_ recipes: [YAMLNode]) -> [String] {
    let flat = recipes.map { $0.leaves.filter { !ignored.contains($0.key) && !$0.key.hasPrefix("output.") } }
    let keys = Set(flat.flatMap(\.keys)).sorted().filter { key in Set(flat.map { $0[key] ?? "" }).count > 1 }
    // Where the kind of a plugin differs, its settings do so anyway.
    let kinds = keys.filter { $0.hasSuffix(".kind") }.map { $0.dropLast("kind".count) }
    let telling = keys.filter { key in
      let isOfOneKind = kinds.contains { section in key.hasPrefix(section) && flat.contains { $0[key] == nil } }
      return key.hasSuffix(".kind") || !isOfOneKind || Set(flat.compactMap { $0[key] }).count > 1
    }
    return flat.map { values in
      let parts = telling.compactMap { key in values[key].map { "\(name(key))=\($0)" } }
      return parts.isEmpty ? "plain" : parts.joined(separator: ",")
    }
  }

  private static let ignored: Set<String> = ["name", "seed", "threads"]

  private static func name(_ key: String) -> String {
    let parts = key.split(separator: ".")
    return String(parts.last == "kind" && parts.count > 1 ? parts[parts.count - 2] : parts.last ?? "")
  }
}
