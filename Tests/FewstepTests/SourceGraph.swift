import Foundation
import TestSupport

/// A source file: the types that it declares at the top level, and all names in it.
struct SourceFile {
  let path: String
  /// The folder relative to the module's; empty for the module's own.
  let folder: String
  /// The first part of the folder.
  var room: String { folder.split(separator: "/").first.map(String.init) ?? "" }
  let types: Set<String>
  let names: Set<String>

  init(path: String, folder: String, text: String) {
    self.path = path
    self.folder = folder
    let code = text.replacing(/(?s)"""(.*?)"""|#"(.*?)"#|\/\*(.*?)\*\//, with: "")
      .replacing(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*/, with: "")
    let declaration =
      /(?m)^(?:(?:public|package|final|indirect|open) )*(?:struct|class|enum|protocol|actor|typealias) (\w+)/
    types = Set(code.matches(of: declaration).map { String($0.1) })
    names = Set(code.matches(of: /\w+/).map { String($0.0) })
  }
}

/// The files of a module that use types from its other folders.
struct SourceGraph {
  struct Arrow: CustomStringConvertible {
    let from: SourceFile
    let to: SourceFile
    let name: String
    var description: String { "\(from.path) -> \(to.path) (\(name))" }
  }

  let arrows: [Arrow]

  init(_ files: [SourceFile]) {
    let homes = Dictionary(
      files.flatMap { file in file.types.map { ($0, file) } }, uniquingKeysWith: { first, _ in first })
    arrows = files.flatMap { file in
      file.names.sorted().compactMap { name in
        homes[name].flatMap { $0.folder == file.folder ? nil : Arrow(from: file, to: $0, name: name) }
      }
    }
  }

  /// Reads the files of a folder, given relative to the repository's root.
  init(_ folder: String) throws {
    let root = "\(Repository.root)/\(folder)"
    let paths = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    self.init(
      try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
        SourceFile(
          path: path, folder: (path as NSString).pathComponents.dropLast().joined(separator: "/"),
          text: try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8))
      })
  }

  /// Dependencies between folders that form a circle.
  var circularArrows: [Arrow] {
    let uses = Dictionary(grouping: arrows) { $0.from.folder }.mapValues { Set($0.map(\.to.folder)) }
    func reaches(_ target: String, from start: String) -> Bool {
      var seen: Set<String> = [start]
      var next = [start]
      while let folder = next.popLast() {
        for used in uses[folder] ?? [] where seen.insert(used).inserted { next.append(used) }
        if seen.contains(target) { return true }
      }
      return false
    }
    return arrows.filter { reaches($0.from.folder, from: $0.to.folder) }
  }
}
