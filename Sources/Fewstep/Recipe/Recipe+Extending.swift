import Files
import Foundation

extension Recipe {
  /// A recipe file as a tree, merged key by key over the file that its key `extends` names, if any: an absolute path, one
  /// from ~, one from the file's folder, or a shipped recipe as "shipped:sdxl/amd-4step". A section with another `kind` than the extended recipe's replaces that section.
  ///
  /// - Throws: `RecipeError` if files extend each other in a circle, `Failure` if one is missing or is not YAML.
  static func extended(_ path: String, below: [String] = []) throws -> YAMLNode {
    let isHere = FileManager.default.fileExists(atPath: path)
    let path = isHere ? path : Release.recipe(path) ?? path
    let node = try YAMLNode.load(path: path)
    guard let base = node["extends"], case .mapping(let entries) = node.content else { return node }
    // A relative URL would lose leading "..".
    let folder = URL(fileURLWithPath: path).absoluteURL.standardized.deletingLastPathComponent()
    let name = try base.string()
    let shipped = name.hasPrefix("shipped:") ? String(name.dropFirst(8)) : nil
    let target =
      try shipped.map { try Self.shipped($0, position: base.position) }
      ?? URL(fileURLWithPath: (name as NSString).expandingTildeInPath, relativeTo: folder).absoluteURL.standardized.path
    let seen = below + [URL(fileURLWithPath: path).standardized.path]
    guard !seen.contains(target) else {
      throw RecipeError([
        RecipeProblem(position: base.position, message: "extends: these recipes extend each other in a circle")
      ])
    }
    guard FileManager.default.fileExists(atPath: target) else {
      throw RecipeError([
        RecipeProblem(
          position: base.position, message: "extends: there is no \(target) (taken from this file's folder)")
      ])
    }
    return try extended(target, below: seen).overlaid(
      with: YAMLNode(.mapping(entries.filter { $0.name != "extends" }), at: node.position))
  }

  private static func shipped(_ name: String, position: YAMLNode.Position) throws -> String {
    guard let path = Release.recipe(name) else {
      throw RecipeError([
        RecipeProblem(
          position: position, message: "extends: no recipe '\(name)' is shipped; `fewstep recipes` lists those that are"
        )
      ])
    }
    return path
  }
}

extension YAMLNode {
  fileprivate func overlaid(with top: YAMLNode) throws -> YAMLNode {
    guard case .mapping(let own) = content, case .mapping(let changes) = top.content else { return top }
    if let kind = top["kind"], try kind.string() != self["kind"]?.string() { return top }
    var merged = own
    for change in changes {
      if let index = merged.firstIndex(where: { $0.name == change.name }) {
        merged[index] = Entry(key: change.key, value: try merged[index].value.overlaid(with: change.value))
      } else {
        merged.append(change)
      }
    }
    return YAMLNode(.mapping(merged), at: top.position)
  }
}
