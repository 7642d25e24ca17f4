import Files

/// Names for runs, from the values in which their recipes differ.
public enum Variants {
  /// "sensitivity=0.3,guidance=1.5": the keys whose values differ between the recipes, except the seed.
  public static func names(_ recipes: [YAMLNode]) -> [String] {
    let flat = recipes.map { $0.leaves.filter { !ignored.contains($0.key) && !$0.key.hasPrefix("output.") } }
    let keys = Set(flat.flatMap(\.keys)).sorted().filter { key in Set(flat.map { $0[key] ?? "" }).count > 1 }
    // If the kind of a plugin differs, so do its settings.
    let kinds = keys.filter { $0.hasSuffix(".kind") }.map { $0.dropLast("kind".count) }
    let telling = keys.filter { key in
      let isOfOneKind = kinds.contains { section in key.hasPrefix(section) && flat.contains { $0[key] == nil } }
      return key.hasSuffix(".kind") || !isOfOneKind || Set(flat.compactMap { $0[key] }).count > 1
    }
    return flat.map { values in
      let parts = telling.compactMap { key in values[key].map { "\(name(key))=\($0)" } }
      return parts.isEmpty ? "plain" : parts.joined(separator: ",")
    }
  }

  private static let ignored: Set<String> = ["name", "seed", "threads"]

  private static func name(_ key: String) -> String {
    let parts = key.split(separator: ".")
    return String(parts.last == "kind" && parts.count > 1 ? parts[parts.count - 2] : parts.last ?? "")
  }
}
