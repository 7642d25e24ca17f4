import Files
import Foundation
import Tensors

/// The `sweep` section as written in the recipe.
struct SweepSection {
  /// The changes of a variant: dotted keys, with their positions, and their values.
  struct Variant {
    var name: String
    var values: [YAMLNode.Entry]

    static func + (a: Variant, b: Variant) -> Variant {
      Variant(
        name: [a.name, b.name].filter { !$0.isEmpty }.joined(separator: ","), values: a.values + b.values)
    }
  }

  private let block: YAMLNode
  private let seed: YAMLNode?

  /// - Parameter seed: the recipe's own, which is used if the section gives none.
  init(_ block: YAMLNode, seed: YAMLNode?) {
    self.block = block
    self.seed = seed
  }

  /// - Throws: `RecipeError` for an unknown key, an empty list, an invalid bound.
  func unfolded() throws -> (seeds: [YAMLNode], variants: [Variant]) {
    var seeds = [seed ?? .integer(0)]
    var variants = [Variant(name: "", values: [])]
    for entry in try mapping(block) where !entry.value.isNull {
      let found: [Variant]
      switch entry.name {
      case "seeds":
        seeds = try filled(entry)
        for seed in seeds { _ = try read(seed) { try $0.integer() } }
        continue
      case "grid": found = try grid(entry.value)
      case "list": found = try filled(entry).map(listed)
      case "random": found = try random(entry.value)
      default: throw unknown(entry, among: ["seeds", "grid", "list", "random"])
      }
      variants = variants.flatMap { old in found.map { old + $0 } }
    }
    for variant in variants { try refuseOverlaps(variant.values) }
    return (seeds, variants)
  }

  /// Refuses two values for one key, or for a section and a key in it: the later one would win, and the run's name
  /// would be wrong.
  private func refuseOverlaps(_ changes: [YAMLNode.Entry]) throws {
    for (index, change) in changes.enumerated() {
      if ["seed", "name", "sweep", "extends"].contains(change.name) {
        let advice = change.name == "seed" ? "; list seeds at sweep.seeds" : ""
        throw problem(change.key, "'\(change.name)' cannot vary\(advice)")
      }
      let other = changes[..<index].first {
        $0.name == change.name || change.name.hasPrefix($0.name + ".") || $0.name.hasPrefix(change.name + ".")
      }
      if let other { throw problem(change.key, "'\(change.name)' and '\(other.name)' would change the same setting") }
    }
  }

  /// Every combination of the values of all keys.
  private func grid(_ node: YAMLNode) throws -> [Variant] {
    var variants = [Variant(name: "", values: [])]
    for entry in try mapping(node) {
      let values = try filled(entry)
      variants = variants.flatMap { old in values.map { old + variant(entry, $0) } }
    }
    guard variants.count > 1 || !variants[0].values.isEmpty else { throw problem(node, "grid: it is empty") }
    return variants
  }

  /// A mapping of keys to values, with an optional name.
  private func listed(_ node: YAMLNode) throws -> Variant {
    let changes = try mapping(node).filter { $0.name != "name" }
    var made = changes.reduce(Variant(name: "", values: [])) { $0 + variant($1, $1.value) }
    if let name = node["name"] {
      made.name = Self.fileName(try read(name) { try $0.string() })
      guard !made.name.isEmpty, !made.name.hasPrefix(".") else {
        throw problem(name, "name: '\(made.name)' names no folder: expected a text that does not begin with '.'")
      }
    }
    return made
  }

  private func random(_ node: YAMLNode) throws -> [Variant] {
    var (draws, seed, values) = (0, 0, [YAMLNode.Entry]())
    for entry in try mapping(node) {
      switch entry.name {
      case "draws": draws = try read(entry.value) { try $0.integer() }
      case "seed": seed = try read(entry.value) { try $0.integer() }
      case "values": values = try mapping(entry.value)
      default: throw unknown(entry, among: ["draws", "seed", "values"])
      }
    }
    guard draws > 0, !values.isEmpty else { throw problem(node, "random: expected `draws` of 1 or more, and `values`") }
    let noise = Noise(seed: seed)
    return try (0..<draws).map { draw in
      try values.reduce(Variant(name: "", values: [])) { old, entry in
        let unit = noise.stream("sweep \(entry.name)", step: draw).unit()
        return old + variant(entry, try drawn(entry, unit))
      }
    }
  }

  /// A value from a list, or between two bounds, uniform or log-uniform and rounded to three digits.
  private func drawn(_ entry: YAMLNode.Entry, _ unit: Double) throws -> YAMLNode {
    if case .sequence = entry.value.content {
      let choices = try filled(entry)
      return choices[min(Int(unit * Double(choices.count)), choices.count - 1)]
    }
    guard let how = try mapping(entry.value).first, ["uniform", "log"].contains(how.name) else {
      throw problem(entry.value, "\(entry.name): expected a list, {uniform: [a, b]} or {log: [a, b]}")
    }
    let bounds = try filled(how).map { try read($0) { try $0.number() } }
    guard bounds.count == 2, bounds[0] < bounds[1], how.name == "uniform" || bounds[0] > 0 else {
      throw problem(how.value, "\(entry.name): expected two rising bounds\(how.name == "log" ? " above 0" : "")")
    }
    let value =
      how.name == "log"
      ? exp(log(bounds[0]) + unit * (log(bounds[1]) - log(bounds[0]))) : bounds[0] + unit * (bounds[1] - bounds[0])
    var node = YAMLNode.number(Double(String(format: "%.3g", value)) ?? value)
    node.position = how.value.position
    return node
  }

  // MARK: Names

  /// "sensitivity=0.3" for objective.sensitivity. A section is named by its kind.
  private func variant(_ entry: YAMLNode.Entry, _ value: YAMLNode) -> Variant {
    let last = entry.name.split(separator: ".").last.map(String.init) ?? entry.name
    let label = (value["kind"] ?? value).text().trimmingCharacters(in: .whitespacesAndNewlines)
    return Variant(name: Self.fileName("\(last)=\(label)"), values: [YAMLNode.Entry(key: entry.key, value: value)])
  }

  /// A name that suits a folder: no blanks, slashes or quotes.
  private static func fileName(_ text: String) -> String {
    String(text.replacing(", ", with: "-").map { $0.isLetter || $0.isNumber || "=.,_+-[]".contains($0) ? $0 : "-" })
      .replacing("[", with: "").replacing("]", with: "")
  }

  // MARK: Mistakes

  private func mapping(_ node: YAMLNode) throws -> [YAMLNode.Entry] { try read(node) { try $0.mapping() } }

  private func filled(_ entry: YAMLNode.Entry) throws -> [YAMLNode] {
    let items = try read(entry.value) { try $0.sequence() }
    guard !items.isEmpty else {
      throw problem(entry.value, "\(entry.name): the list is empty, so there would be no run")
    }
    return items
  }

  private func read<Value>(_ node: YAMLNode, _ body: (YAMLNode) throws -> Value) throws -> Value {
    do { return try body(node) } catch let error as Failure {
      throw problem(node, error.description.replacing("\(error.place): ", with: "").replacing("\n  ", with: ". "))
    }
  }

  private func unknown(_ entry: YAMLNode.Entry, among known: [String]) -> RecipeError {
    let hint = nearest(entry.name, among: known).map { "Did you mean '\($0)'?" }
    return problem(
      entry.key, "unknown key '\(entry.name)'. \(hint ?? "Known here: \(known.joined(separator: ", ")).")")
  }

  private func problem(_ node: YAMLNode, _ message: String) -> RecipeError {
    RecipeError([RecipeProblem(position: node.position, message: "sweep: \(message)")])
  }
}
