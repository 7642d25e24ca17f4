import Fewstep
import Foundation
import Tensors

/// A Swift package with one plugin, which can be built, trained and tested.
public struct PluginPackage {
  public enum Kind: String, CaseIterable, Sendable { case objective, reward, backbone }

  public let name: String
  private let files: [(path: String, text: String)]

  /// - Parameters:
  ///   - name: the name of the package, and of the plugin in recipes.
  ///   - source: the source of Fewstep for the package, a folder or a git URL; by default the sources of this program.
  ///   - catalog: its names are taken.
  /// - Throws: `Failure` if the name cannot be used, or the source is not Fewstep.
  public init(_ kind: Kind, _ name: String, source: String? = nil, besides catalog: Catalog) throws {
    let package = try PackageName(name, besides: catalog.entries.map(\.name))
    let plugin: any PluginTemplate =
      switch kind {
      case .objective: ObjectiveTemplate(name: package)
      case .reward: RewardTemplate(name: package)
      case .backbone: BackboneTemplate(name: package)
      }
    self.name = package.text
    files = PackageTemplate(plugin: plugin, source: try FewstepSource(source, for: package)).files
  }

  /// Writes the whole folder, or none of it if there is an error.
  ///
  /// - Throws: `Failure` if the folder exists, or cannot be written.
  public func write(to folder: String) throws {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw Failure(.usage, at: folder, "the folder exists", advice: "Name another one with --into.")
    }
    let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
    let temporary = "\(parent)/.\(UUID().uuidString).partial"
    do {
      for (path, text) in files {
        let place = URL(fileURLWithPath: "\(temporary)/\(path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
      }
      try FileManager.default.moveItem(atPath: temporary, toPath: folder)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw Failure(.io, at: folder, "the package cannot be written", advice: error.localizedDescription)
    }
  }
}
