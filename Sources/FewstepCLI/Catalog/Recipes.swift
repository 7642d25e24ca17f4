import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

struct Recipes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the shipped recipes, or copy one to edit.",
    discussion: """
      Example:  fewstep recipes
                fewstep recipes fashion-mnist/amd-4step.yaml --copy mine.yaml
      """)

  @Argument(help: "A recipe to print, by its name in the list.") var name: String?
  @Option(help: "Copy the recipe to this file instead.") var copy: String?
  @Option(name: .customLong("folder"), help: "The folder of recipes; by default recipes/, or else the shipped ones.")
  var givenFolder: String?
  @Flag(help: "Print the list as JSON.") var json = false

  private var folder: String {
    if let givenFolder { return givenFolder }
    return FileManager.default.fileExists(atPath: "recipes")
      ? "recipes" : Release.files.map { $0 + "/recipes" } ?? "recipes"
  }

  func run() throws {
    guard let name else { return try list() }
    let source = folder + "/" + name
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
      let near = nearest(name, among: try paths()).map { " Did you mean '\($0)'?" } ?? ""
      throw Failure(.missing, at: source, "no such recipe.\(near)")
    }
    guard !isFolder.boolValue else {
      let inside = try paths().filter { $0.hasPrefix("\(name)/") }.joined(separator: ", ")
      throw Failure(.missing, at: source, "a folder, not a recipe; in it are: \(inside)")
    }
    let text = try String(contentsOfFile: source, encoding: .utf8)
    guard let copy else { return print(text, terminator: "") }
    guard !FileManager.default.fileExists(atPath: copy) else {
      throw Failure(.usage, at: copy, "the file exists; choose another name")
    }
    try AtomicFile.write(Data(text.utf8), to: copy)
    note("copied to \(copy); try: fewstep check \(copy)")
  }

  private func list() throws {
    let found = try paths()
    if json { return print(try JSONEncoder.prettyText(found)) }
    for path in found { print("\(path)  \(try title(path))") }
  }

  /// The comment on a recipe's first line.
  private func title(_ path: String) throws -> String {
    let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    guard let line = text.split(separator: "\n").first, line.hasPrefix("#") else { return "" }
    return line.drop { $0 == "#" || $0 == " " }.description
  }

  private func paths() throws -> [String] {
    // For a missing folder Foundation's enumerator is empty, not nil.
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
      let all = FileManager.default.enumerator(atPath: folder)
    else {
      throw Failure(.missing, at: folder, "no such folder; --folder names another")
    }
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".yaml") }.sorted()
  }
}
