import Fewstep
import Foundation

/// A plugin that was compiled by itself, by `fewstep build-plugin`, and joins the program when it starts.
///
/// It has no copy of Fewstep: it was compiled against the modules of one build of the program and finds their symbols in the
/// executable. Swift modules have no stable layout, so it fits that build alone. The file's last line says which; it is
/// read before anything of the file is loaded.
struct PluginFile: Sendable {
  typealias Entry = @convention(c) @Sendable (UnsafeMutableRawPointer) -> Void

  let path: String
  private let entry: Entry

  static let entryPoint = "fewstep_plugin_register"

  /// What ends a file that was built with the executable of this identity.
  static func seal(_ identity: String) -> String { "\nfewstep-plugin \(identity)\n" }

  /// - Throws: `CommandError` where the file is missing, is no plugin, or was built with another program.
  init(_ path: String) throws {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    try Self.checkSeal(of: self.path)
    // Never closed: types and conformances of a Swift library cannot be taken back.
    guard let library = dlopen(self.path, RTLD_NOW | RTLD_LOCAL) else {
      throw CommandError(ExitCodes.invalid, "\(path): cannot be loaded: \(String(cString: dlerror()))")
    }
    guard let symbol = dlsym(library, Self.entryPoint) else {
      throw CommandError(ExitCodes.invalid, "\(path): there is no function \(Self.entryPoint) in it")
    }
    entry = unsafeBitCast(symbol, to: Entry.self)
  }

  /// Adds the file's plugins.
  func register(in catalog: inout Catalog) {
    withUnsafeMutablePointer(to: &catalog) { entry(UnsafeMutableRawPointer($0)) }
    catalog.files.append(path)
  }

  private static func checkSeal(of path: String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw CommandError(ExitCodes.missing, "\(path): there is no such file; `fewstep build-plugin` makes one")
    }
    guard data.starts(with: Data("\u{7F}ELF".utf8)) else {
      throw CommandError(ExitCodes.invalid, "\(path): not a shared library; `fewstep build-plugin` makes one")
    }
    let end = String(decoding: data.suffix(200), as: UTF8.self)
    guard let built = end.firstMatch(of: #/\nfewstep-plugin ([0-9a-f]+)\n$/#)?.1 else {
      throw CommandError(ExitCodes.invalid, "\(path): not made by `fewstep build-plugin`")
    }
    guard let own = BuildIdentity.current, built == own else {
      throw CommandError(
        ExitCodes.invalid,
        "\(path): was built with another Fewstep (\(built.prefix(12)), this one is \(BuildIdentity.current?.prefix(12) ?? "unknown")); "
          + "build it again, with this program's build-plugin")
    }
  }
}

extension PluginFile {
  /// Takes `--plugin FILE` out of a command line, wherever it stands.
  ///
  /// - Throws: `CommandError` where the file's name is missing.
  static func options(in arguments: [String]) throws -> (files: [String], others: [String]) {
    var files = [String]()
    var others = [String]()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument.hasPrefix("--plugin=") {
        files.append(String(argument.dropFirst("--plugin=".count)))
      } else if argument == "--plugin" {
        guard let file = rest.popFirst() else {
          throw CommandError(ExitCodes.usage, "--plugin: expected a file, made by `fewstep build-plugin`")
        }
        files.append(file)
      } else {
        others.append(argument)
      }
    }
    return (files, others)
  }

  /// Loads files beside the plugins that are there already.
  ///
  /// - Throws: `CommandError` as the initializer, and where a file brings a name that is taken.
  static func load(_ paths: [String], beside catalog: Catalog) throws -> [PluginFile] {
    var catalog = catalog
    return try paths.map { path in
      let file = try PluginFile(path)
      let before = Set(catalog.entries.map { "\($0.kind) '\($0.name)'" })
      var added = Catalog()
      file.register(in: &added)
      guard !added.entries.isEmpty else { throw CommandError(ExitCodes.invalid, "\(path): it registers no plugin") }
      if let twice = added.entries.map({ "\($0.kind) '\($0.name)'" }).first(where: before.contains) {
        throw CommandError(ExitCodes.invalid, "\(path): there is another \(twice); give this one another name")
      }
      file.register(in: &catalog)
      return file
    }
  }
}

extension Recipe {
  /// Reads a recipe for a command.
  ///
  /// - Throws: as `load(_:overrides:catalog:)`; where its run was made with plugins that are missing now, it says so.
  static func load(_ path: String, overrides: [String]) throws -> Recipe {
    let catalog = FewstepCommand.catalog
    do { return try load(path, overrides: overrides, catalog: catalog) } catch let error as RecipeError {
      let missing = pluginFiles(notedIn: path).filter { !catalog.files.contains($0) }
      guard !missing.isEmpty else { throw error }
      throw CommandError(
        ExitCodes.invalid,
        "\(error)\n  It was run with plugins from files: add \(missing.map { "--plugin \($0)" }.joined(separator: " "))"
      )
    }
  }
}

extension Catalog {
  /// Every plugin's name, with what it is.
  var entries: [(kind: String, name: String)] {
    objectives.map { ("objective", $0.name) } + backbones.map { ("backbone", $0.name) }
      + pretrainable.map { ("new teacher", $0.name) } + rewards.map { ("reward", $0.name) }
      + data.map { ("data", $0.name) } + features.map { ("features", $0.name) }
      + classifiers.map { ("classifier", $0.name) } + autoencoders.map { ("autoencoder", $0.name) }
  }
}
