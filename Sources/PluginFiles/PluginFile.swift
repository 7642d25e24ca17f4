import Fewstep
import Foundation
import Tensors

/// A shared library with plugins, made by `PluginBuild` (`fewstep build-plugin`) and loaded when the program starts.
///
/// It has no copy of Fewstep: it is compiled against the modules of one build of the program and finds their symbols in
/// the executable. Swift modules have no stable layout, so it fits only that build. The file's last line names the
/// build; it is checked before any of the file's code is loaded.
public struct PluginFile: Sendable {
  typealias Entry = @convention(c) @Sendable (UnsafeMutableRawPointer) -> Void

  public let path: String
  private let entry: Entry

  static let entryPoint = "fewstep_plugin_register"

  /// The last line of a file that was built for the executable with this identity.
  static func seal(_ identity: String) -> String { "\nfewstep-plugin \(identity)\n" }

  /// - Throws: `Failure` if the file is missing, is not a plugin, or was built with a different program.
  public init(_ path: String) throws {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    try Self.checkSeal(of: self.path)
    // The library is never closed: types and conformances of a Swift library cannot be unloaded.
    guard let library = dlopen(self.path, RTLD_NOW | RTLD_LOCAL) else {
      throw Failure(.malformed, at: path, "cannot be loaded: \(String(cString: dlerror()))")
    }
    guard let symbol = dlsym(library, Self.entryPoint) else {
      throw Failure(.malformed, at: path, "there is no function \(Self.entryPoint) in it")
    }
    entry = unsafeBitCast(symbol, to: Entry.self)
  }

  /// Adds the file's plugins.
  public func register(in catalog: inout Catalog) {
    withUnsafeMutablePointer(to: &catalog) { entry(UnsafeMutableRawPointer($0)) }
    catalog.files.append(path)
  }

  private static func checkSeal(of path: String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw Failure(.missing, at: path, "there is no such file; `fewstep build-plugin` makes one")
    }
    guard data.starts(with: Data("\u{7F}ELF".utf8)) else {
      throw Failure(.malformed, at: path, "not a shared library; `fewstep build-plugin` makes one")
    }
    let end = String(decoding: data.suffix(200), as: UTF8.self)
    guard let built = end.firstMatch(of: #/\nfewstep-plugin ([0-9a-f]+)\n$/#)?.1 else {
      throw Failure(.malformed, at: path, "not made by `fewstep build-plugin`")
    }
    guard let own = BuildIdentity.current, built == own else {
      throw Failure(
        .malformed, at: path,
        "was built with another Fewstep (\(built.prefix(12)), this one is \(BuildIdentity.current?.prefix(12) ?? "unknown")); "
          + "build it again, with this program's build-plugin")
    }
  }
}

extension PluginFile {
  /// Loads files whose plugins join those of `catalog`.
  ///
  /// - Throws: `Failure` like the initializer, and if a file registers a name that is taken.
  public static func load(_ paths: [String], joining catalog: Catalog) throws -> [PluginFile] {
    var catalog = catalog
    return try paths.map { path in
      let file = try PluginFile(path)
      let before = Set(catalog.entries.map { "\($0.kind) '\($0.name)'" })
      var added = Catalog()
      file.register(in: &added)
      guard !added.entries.isEmpty else { throw Failure(.malformed, at: path, "it registers no plugin") }
      if let twice = added.entries.map({ "\($0.kind) '\($0.name)'" }).first(where: before.contains) {
        throw Failure(.malformed, at: path, "there is another \(twice); give this one another name")
      }
      file.register(in: &catalog)
      return file
    }
  }
}
