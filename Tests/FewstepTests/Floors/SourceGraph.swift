import Foundation
import TestSupport

/// The files of a module that use what its other folders declare: types by their names, functions and variables of a file,
/// and members of types and extensions that one file alone declares. It does not see initializers, operators and subscripts, nor
/// members whose name is declared more than once.
struct SourceGraph {
  struct Arrow: CustomStringConvertible {
    let from: SourceFile
    let to: SourceFile
    let name: String
    var description: String { "\(from.path) -> \(to.path) (\(name))" }
  }

  let arrows: [Arrow]

  /// - Parameter others: the files of other modules. A function or a member that they declare too may be theirs where it
  ///   is used.
  init(_ files: [SourceFile], others: [SourceFile] = []) {
    let types = Self.homes(files.flatMap { file in file.types.map { ($0, file) } })
    let foreign = others.reduce(into: Set<String>()) { $0.formUnion($1.functions.union($1.variables)) }
    let functions = Self.homes(files.flatMap { file in file.functions.subtracting(foreign).map { ($0, file) } })
    let variables = Self.homes(files.flatMap { file in file.variables.subtracting(foreign).map { ($0, file) } })
    let counts = (files + others).reduce(into: [String: Int]()) { counts, file in
      for name in file.declared { counts[name, default: 0] += 1 }
    }
    let members = Self.homes(
      files.flatMap { file in
        file.members.filter { counts[$0.name] == 1 }.map { ($0.name, (owner: $0.owner, file: file)) }
      })
    func home(of name: String, usedIn file: SourceFile) -> SourceFile? {
      if let home = types[name] { return home }
      if !file.declared.contains(name) {
        if file.called.contains(name), let home = functions[name] { return home }
        if file.bare.contains(name), !file.labels.contains(name), let home = variables[name] { return home }
      }
      guard let member = members[name] else { return nil }
      let isOwn = file.bare.contains(name) && file.owners.contains(member.owner)
      return isOwn || file.dotted.contains(name) ? member.file : nil
    }
    arrows = files.flatMap { file in
      file.names.sorted().compactMap { name in
        home(of: name, usedIn: file).flatMap { $0.folder == file.folder ? nil : Arrow(from: file, to: $0, name: name) }
      }
    }
  }

  private static func homes<Home>(_ pairs: [(String, Home)]) -> [String: Home] {
    Dictionary(pairs) { first, _ in first }
  }

  /// Reads a module.
  ///
  /// - Throws: `NoSources` if there is no such module.
  init(module: String) throws {
    guard let files = Self.modules[module] else { throw NoSources(module: module) }
    self.init(try files.get(), others: try Self.modules.filter { $0.key != module }.flatMap { try $0.value.get() })
  }

  struct NoSources: Error {
    let module: String
  }

  /// The files of each folder of Sources that has Swift files.
  static let modules: [String: Result<[SourceFile], any Error>] = {
    let root = "\(Repository.root)/Sources"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let modules = names.map { name in (name, Result { try files("\(root)/\(name)") }) }
    // The C doors are none.
    return Dictionary(uniqueKeysWithValues: modules.filter { (try? $0.1.get().isEmpty) != true })
  }()

  private static func files(_ folder: String) throws -> [SourceFile] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }.sorted().map { path in
      SourceFile(
        path: path, folder: (path as NSString).pathComponents.dropLast().joined(separator: "/"),
        text: try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8))
    }
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
