import ArgumentParser
import Files
import Foundation

struct BuildPlugin: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build-plugin", abstract: "Compile a package's plugin into a file that --plugin loads.",
    discussion: """
      Example:  fewstep build-plugin soft-matching --output soft-matching.so
      Then:     fewstep run soft-matching/recipe.yaml --plugin soft-matching.so

      For packages as `fewstep new` writes them: the type NAME in Sources/NAME has a static register(in:). The file fits this
      very build of the program; after another one, it is refused and must be built again.
      """)

  @Argument(help: "The package's folder.") var package: String
  @Option(help: "Where the file goes; by default PACKAGE.so, here.") var output: String?
  @Option(help: "Which module, where Sources has several.") var module: String?

  func run() throws {
    let module = try module ?? onlyModule()
    let sources = try swiftFiles(below: "\(package)/Sources/\(module)")
    let build = try HostBuild()
    let entry = NSTemporaryDirectory() + "fewstep-entry-\(UUID().uuidString).swift"
    defer { try? FileManager.default.removeItem(atPath: entry) }
    try Data(Self.entry(module).utf8).write(to: URL(fileURLWithPath: entry))
    let name = URL(fileURLWithPath: package).standardizedFileURL.lastPathComponent
    let output = output ?? "\(name).so"
    try AtomicFile.write(to: output) { temporary in
      try execute(
        "swiftc",
        ["-emit-library", "-O", "-swift-version", "6", "-parse-as-library", "-module-name", module, "-o", temporary]
          + build.flags + sources + [entry])
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
      try file.seekToEnd()
      try file.write(contentsOf: Data(PluginFile.seal(build.identity).utf8))
      try file.close()
    }
    note("made \(output); load it with --plugin \(output)")
  }

  /// What the program calls: a C function, for whose name both agree.
  private static func entry(_ module: String) -> String {
    """
    import Fewstep

    @_cdecl("\(PluginFile.entryPoint)")
    public func registerPlugin(_ catalog: UnsafeMutableRawPointer) {
      \(module).register(in: &catalog.assumingMemoryBound(to: Catalog.self).pointee)
    }
    """
  }

  private func onlyModule() throws -> String {
    let folder = "\(package)/Sources"
    let all = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
    let modules = all.filter { name in !all.contains { name == $0 + "Main" } }.sorted()
    guard modules.count == 1 else {
      throw CommandError(
        modules.isEmpty ? ExitCodes.missing : ExitCodes.usage,
        modules.isEmpty
          ? "\(folder): there are no sources; `fewstep new` writes a package"
          : "\(folder): which of \(modules.joined(separator: ", "))? --module says")
    }
    return modules[0]
  }

  private func swiftFiles(below folder: String) throws -> [String] {
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let found = all.filter { $0.hasSuffix(".swift") }.sorted().map { "\(folder)/\($0)" }
    guard !found.isEmpty else { throw CommandError(ExitCodes.missing, "\(folder): there are no Swift files") }
    return found
  }
}

/// What a plugin must be compiled with to fit the running program.
private struct HostBuild {
  let identity: String
  let flags: [String]

  /// - Throws: `CommandError` where the modules that this program was built from are not beside it, or have changed since.
  init() throws {
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let folder = executable.deletingLastPathComponent().path
    guard let identity = BuildIdentity.current else {
      throw CommandError(ExitCodes.software, "\(executable.path): the linker left no build ID in it")
    }
    // Linked statically, Swift's runtime would come a second time with the plugin.
    guard dlopen("libswiftCore.so", RTLD_NOW | RTLD_NOLOAD) != nil else {
      throw CommandError(
        ExitCodes.usage, "this program has Swift's runtime inside it (--static-swift-stdlib): it cannot load plugins")
    }
    let modules = folder + "/Modules"
    for name in ["Fewstep", "Encoders", "Media", "Processes", "Files", "Networks", "Tensors"] {
      let module = "\(modules)/\(name).swiftmodule"
      guard let made = Self.date(module), let linked = Self.date(executable.path) else {
        throw CommandError(
          ExitCodes.missing,
          "\(module): not there; a plugin can be built only by a program that lies where it was built")
      }
      guard made <= linked else {
        throw CommandError(ExitCodes.usage, "\(module) is newer than this program; finish its build with `swift build`")
      }
    }
    self.identity = identity
    let maps =
      ["\(folder)/CTorch.build/module.modulemap"]
      + ["CHDF5", "CYAML", "CPNG", "CJPEG", "CWebP", "CZlib"].map {
        "\(FewstepSource.built)/Sources/System/\($0)/module.modulemap"
      }
    let headers = try execute(
      "pkg-config", ["--cflags-only-I", "hdf5", "yaml-0.1", "libpng", "libturbojpeg", "libwebp", "zlib"])
    flags =
      ["-I", modules, "-Xfrontend", "-disable-all-autolinking"]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
      + headers.split(whereSeparator: \.isWhitespace).flatMap { ["-Xcc", String($0)] }
  }

  private static func date(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}

/// What a tool writes to standard output; its complaints go to standard error as they come.
@discardableResult
private func execute(_ tool: String, _ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [tool] + arguments
  let output = Pipe()
  process.standardOutput = output
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw CommandError(ExitCodes.invalid, "\(tool) failed; what it said stands above")
  }
  return text
}
