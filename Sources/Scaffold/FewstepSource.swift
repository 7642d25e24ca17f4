import Foundation
import Fewstep
import Tensors

/// The source from which a package gets Fewstep.
enum FewstepSource {
  case folder(String)
  case repository(String)

  /// - Parameter text: a folder or a git URL; nil is the folder that this program was built in.
  /// - Throws: `Failure` if the folder is not a checkout of Fewstep, or SwiftPM could not tell it from the package.
  init(_ text: String?, for name: PackageName) throws {
    if let text, text.contains("://") || text.hasPrefix("git@") {
      self = .repository(text)
    } else {
      let folder = URL(fileURLWithPath: text ?? Release.checkout).standardizedFileURL.path
      guard FileManager.default.fileExists(atPath: folder + "/Sources/FewstepCLI") else {
        throw Failure(
          .missing, at: folder, "not a checkout of Fewstep", advice: "Name one with --fewstep: a folder or a git URL.")
      }
      self = .folder(folder)
    }
    guard identity.lowercased() != name.text.lowercased() else {
      throw Failure(
        .usage, at: "the name '\(name.text)'", "SwiftPM calls Fewstep at \(text ?? Release.checkout) the same")
    }
  }

  /// SwiftPM's identity of the package: the last part of its address.
  var identity: String {
    switch self {
    case .folder(let path): URL(fileURLWithPath: path).lastPathComponent
    case .repository(let url):
      url.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map { String($0).replacing(#/\.git$/#, with: "") }
        ?? url
    }
  }

  /// The lines of the manifest that declare it.
  var declaration: String {
    switch self {
    case .folder(let path):
      """
      /// Where Fewstep is: this folder, or the one that FEWSTEP_PACKAGE names.
      let folder = Context.environment["FEWSTEP_PACKAGE"] ?? \(quoted(path))
      let fewstep = Package.Dependency.package(name: "fewstep", path: folder)
      """
    case .repository(let url):
      """
      /// By branch or revision, not by version: SwiftPM takes packages with compiler flags of their own in no other way.
      let fewstep = Package.Dependency.package(url: \(quoted(url)), branch: "main")
      """
    }
  }

  /// The name by which products refer to it.
  var reference: String {
    switch self {
    case .folder: "fewstep"
    case .repository: identity
    }
  }
}

/// A Swift literal.
private func quoted(_ text: String) -> String {
  "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
}
