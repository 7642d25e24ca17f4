/// Former names of recipe keys, to help whoever still uses one. They are not read.
enum FormerNames {
  private static let names = [
    "watch": "monitor", "panel": "held-out-rewards", "grace": "ignore-first-steps", "drift": "mean-shift",
    "spread": "std", "lag": "fake-teacher-gap",
  ]

  private static let advice = [
    "training.replicas":
      "A run is one process; remove the key. Parts of a batch (training.micro-batches) are trained one after the other."
  ]

  /// What `key` is called now, if that is one of the keys that are known at its place.
  static func current(_ key: String, among known: [String]) -> String? {
    names[key].flatMap { known.contains($0) ? $0 : nil }
  }

  /// What to do about a key that is gone, by its dotted path.
  static func advice(for path: String) -> String? { advice[path] }
}
