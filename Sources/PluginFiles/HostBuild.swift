import Fewstep
import Foundation
import Processes
import Tensors

/// The compiler settings that a plugin needs to fit the running program.
struct HostBuild {
  let identity: String
  /// The flags for swiftc.
  let flags: [String]

  /// - Throws: `Failure` if the modules that this program was built from are not next to it, or have changed since.
  init() throws {
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let folder = executable.deletingLastPathComponent().path
    guard let identity = BuildIdentity.current else {
      throw Failure(.software, at: executable.path, "the linker left no build ID in it")
    }
    // If Swift's runtime is linked statically, the plugin would load a second one.
    guard dlopen("libswiftCore.so", RTLD_NOW | RTLD_NOLOAD) != nil else {
      throw Failure(
        .usage, at: executable.path, "it has Swift's runtime inside (--static-swift-stdlib), so it cannot load plugins")
    }
    let modules = folder + "/Modules"
    for name in ["Fewstep", "Encoders", "Media", "Processes", "Files", "Networks", "Tensors"] {
      let module = "\(modules)/\(name).swiftmodule"
      guard let made = Self.date(module), let linked = Self.date(executable.path) else {
        throw Failure(
          .missing, at: module, "not there; only a program in the folder where it was built can build plugins")
      }
      guard made <= linked else {
        throw Failure(.usage, at: module, "the module is newer than this program; finish the build with `swift build`")
      }
    }
    self.identity = identity
    let maps =
      ["CTorch", "CSpawn"].map { "\(folder)/\($0).build/module.modulemap" }
      + ["CHDF5", "CYAML", "CPNG", "CJPEG", "CWebP", "CZlib"].map {
        "\(Release.checkout)/Sources/System/\($0)/module.modulemap"
      }
    flags =
      ["-I", modules, "-Xfrontend", "-disable-all-autolinking"]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] } + (try Self.headers()).flatMap { ["-Xcc", $0] }
  }

  /// The folders of the C libraries' headers.
  private static func headers() throws -> [String] {
    guard let program = Program("pkg-config") else { throw Failure(.missing, at: "pkg-config", "not installed") }
    let result = try program.run(
      ["--cflags-only-I", "hdf5", "yaml-0.1", "libpng", "libturbojpeg", "libwebp", "zlib"])
    guard result.status == 0 else { throw Failure(.missing, at: "pkg-config", "failed", advice: result.errorOutput) }
    return String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  private static func date(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
