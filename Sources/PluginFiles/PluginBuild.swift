import Files
import Foundation
import Processes
import Tensors

/// Compiles a module of a package into a `PluginFile` for the running program.
public struct PluginBuild {
  private let module: String
  private let sources: [String]

  /// - Parameters:
  ///   - package: the package's folder.
  ///   - module: contains a type of the same name with a static `register(in:)`; by default the only module.
  /// - Throws: `Failure` if there is no such module, or no sources in it.
  public init(package: String, module: String? = nil) throws {
    self.module = try module ?? Self.onlyModule(of: package)
    let folder = "\(package)/Sources/\(self.module)"
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    sources = all.filter { $0.hasSuffix(".swift") }.sorted().map { "\(folder)/\($0)" }
    guard !sources.isEmpty else { throw Failure(.missing, at: folder, "there are no Swift files") }
  }

  private static func onlyModule(of package: String) throws -> String {
    let folder = "\(package)/Sources"
    let all = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
    let modules = all.filter { name in !all.contains { name == $0 + "Main" } }.sorted()
    guard let first = modules.first else {
      throw Failure(.missing, at: folder, "there are no sources", advice: "`fewstep new` writes a package.")
    }
    guard modules.count == 1 else {
      throw Failure(
        .usage, at: folder, "there are several modules",
        advice: "Choose one of \(modules.joined(separator: ", ")) with --module.")
    }
    return first
  }

  /// Compiles the module; the compiler's messages go to standard error.
  ///
  /// - Throws: `Failure` if the compiler fails, or the running program cannot load plugins.
  public func write(to output: String) throws {
    let build = try HostBuild()
    guard let compiler = Program("swiftc") else { throw Failure(.missing, at: "swiftc", "not installed") }
    let entry = NSTemporaryDirectory() + "fewstep-entry-\(UUID().uuidString).swift"
    defer { try? FileManager.default.removeItem(atPath: entry) }
    try Data(entrySource.utf8).write(to: URL(fileURLWithPath: entry))
    try AtomicFile.write(to: output) { temporary in
      let arguments =
        ["-emit-library", "-O", "-swift-version", "6", "-parse-as-library", "-module-name", module, "-o", temporary]
        + build.flags + sources + [entry]
      let status = try compiler.show(arguments, in: FileManager.default.currentDirectoryPath) { Signals.isRequested }
      guard status == 0 else { throw Failure(.malformed, at: "swiftc", "failed; its output is above") }
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
      try file.seekToEnd()
      try file.write(contentsOf: Data(PluginFile.seal(build.identity).utf8))
      try file.close()
    }
  }

  /// The source of the plugin's entry point: a C function with a name known to the program.
  private var entrySource: String {
    """
    import Fewstep

    @_cdecl("\(PluginFile.entryPoint)")
    public func registerPlugin(_ catalog: UnsafeMutableRawPointer) {
      \(module).register(in: &catalog.assumingMemoryBound(to: Catalog.self).pointee)
    }
    """
  }
}
