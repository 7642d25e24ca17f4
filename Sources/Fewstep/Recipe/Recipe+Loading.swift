import Files
import Foundation
import Tensors

extension Recipe {
  /// Reads a recipe file and replaces single values.
  ///
  /// - Parameters:
  ///   - overrides: "training.steps=100", as for `--set`; the value is read as YAML.
  ///   - device: in place of the recipe's own.
  public static func load(
    _ path: String, overrides: [String] = [], catalog: Catalog, on device: Device? = nil
  ) throws -> Recipe {
    let node = try node(path, overrides: overrides)
    if let sweep = node["sweep"] {
      throw RecipeError([
        RecipeProblem(
          position: sweep.position, message: "sweep: these are many runs; start them with `fewstep sweep \(path)`")
      ])
    }
    return try Recipe(node, catalog: catalog, on: device)
  }

  /// The file as a tree, with values replaced or added.
  public static func node(_ path: String, overrides: [String] = []) throws -> YAMLNode {
    try replaced(extended(path), overrides)
  }

  /// A tree with values replaced or added.
  static func replaced(_ node: YAMLNode, _ overrides: [String]) throws -> YAMLNode {
    var node = node
    for text in overrides {
      guard let split = text.firstIndex(of: "="), split > text.startIndex else {
        throw Failure.override(text)
      }
      let keys = text[..<split].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard !keys.contains("") else { throw Failure.override(text) }
      let place = YAMLNode.Position(file: "--set \(text)", line: 0, column: 0)
      var value = try value(String(text[text.index(after: split)...]), file: place.file)
      value.position = place
      try set(value, at: keys[...], in: &node, place)
    }
    return node
  }

  /// A value of `--set`, read as YAML. A text that YAML would cut at a `#`, or take for a mapping, is taken as it is.
  private static func value(_ text: String, file: String) throws -> YAMLNode {
    let isOneLine = !text.contains("\n")
    let isFlow = text.first.map { "[{\"'&*!|>".contains($0) } ?? false
    guard isOneLine, !isFlow, text.contains(" #") || text.contains(": ") else {
      return try YAMLNode.parse(text, file: file)
    }
    return .string(text)
  }

  /// Writes every value with its source, and, above them, the files that plugins were loaded from.
  ///
  /// - Throws: `Failure` like `AtomicFile.write`.
  public func write(to path: String) throws {
    let head = pluginFiles.map { Self.pluginNote + $0 + "\n" }.joined()
    try AtomicFile.write(Data((head + resolved.text()).utf8), to: path)
  }

  /// The plugin files that `write` recorded in a run's recipe; none if the recipe cannot be read.
  public static func pluginFiles(notedIn path: String) -> [String] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").prefix { $0.hasPrefix(pluginNote) }.map {
      String($0.dropFirst(pluginNote.count))
    }
  }

  private static let pluginNote = "# --plugin "

  static func set(
    _ value: YAMLNode, at keys: ArraySlice<String>, in node: inout YAMLNode, _ place: YAMLNode.Position
  ) throws {
    guard let key = keys.first else {
      node = value
      return
    }
    var entries = node.isNull ? [] : try node.mapping()
    let index = entries.firstIndex { $0.name == key }
    var child = index.map { entries[$0].value } ?? YAMLNode(.mapping([]), at: place)
    if keys.count > 1, case .scalar = child.content { child = YAMLNode(.mapping([]), at: place) }
    try set(value, at: keys.dropFirst(), in: &child, place)
    if let index {
      entries[index].value = child
    } else {
      var name = YAMLNode.string(key)
      name.position = place
      entries.append(YAMLNode.Entry(key: name, value: child))
    }
    node = YAMLNode(.mapping(entries), at: node.position)
  }
}

extension Failure {
  fileprivate static func override(_ text: String) -> Failure {
    Failure(.usage, at: "--set \(text)", expected: "KEY=VALUE, such as training.steps=100")
  }
}
