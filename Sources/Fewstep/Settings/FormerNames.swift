/// Former names of recipe keys, only for error messages. They are not read.
enum FormerNames {
  private static let names = [
    "watch": "monitor", "panel": "held-out-rewards", "grace": "ignore-first-steps", "drift": "mean-shift",
    "spread": "std", "lag": "fake-teacher-gap", "pooled-deviation": "pooled-std",
  ]

  private static let advice = [
    "training.replicas":
      "A run is one process; remove the key. Parts of a batch (training.micro-batches) are trained one after the other."
  ]

  /// The current name of `key`, if it is one of the known keys in its section.
  static func current(_ key: String, among known: [String]) -> String? {
    names[key].flatMap { known.contains($0) ? $0 : nil }
  }

  /// Advice for a key that was removed, by its dotted path.
  static func advice(for path: String) -> String? { advice[path] }
}
