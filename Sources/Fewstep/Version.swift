import Foundation

/// The release of this copy of Fewstep.
public enum Release {
  /// As in CHANGELOG.md and CITATION.cff.
  public static let version = "0.1.0"

  /// The folder of the sources from which it was compiled.
  public static let checkout: String = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    return folder.path
  }()

  /// The folder of the shipped recipes and weights: beside the program if it was installed, otherwise that of its sources. nil if
  /// they are at neither place.
  public static let files: String? = {
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let installed = program.map { URL(fileURLWithPath: $0 + "/../../share").standardizedFileURL }
    return [installed?.resolvingSymlinksInPath().path, checkout].compactMap { $0 }
      .first { FileManager.default.fileExists(atPath: $0 + "/recipes/quickstart.yaml") }
  }()

  /// The file of a shipped recipe, by its name: "quickstart", "sdxl/amd-4step.yaml"; nil if there is none.
  public static func recipe(_ name: String) -> String? {
    guard let files else { return nil }
    return ["recipes/\(name)", "recipes/\(name).yaml", name].map { "\(files)/\($0)" }
      .first { $0.hasSuffix(".yaml") && FileManager.default.fileExists(atPath: $0) }
  }
}
