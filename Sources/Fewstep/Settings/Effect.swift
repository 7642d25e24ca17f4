/// The part of a run that a setting can change. A setting declares it where it is read, or inherits its section's.
public enum Effect: String, Sendable, CaseIterable {
  /// The results of training.
  case results
  /// Only the future: how long a run trains, what ends it, how its student is scored.
  case future
  /// How long a run takes or waits, not its results, which stay the same within rounding.
  case speed
  /// The records: which are written, and how often.
  case records
}

extension Set<Effect> {
  /// The effects that a resume may change: everything computed so far would be the same.
  public static let changeableByResume: Set = [.future, .speed, .records]
  /// The effects that a sweep may change and still reuse existing runs: a finished run would be the same.
  public static let changeableBySweep: Set = [.speed, .records]
}

/// The effects of all settings of a recipe, by dotted key.
struct Effects: Sendable {
  private var known = [String: Effect]()

  /// The effect of a setting or a section. One that declares none inherits that of the section around it.
  subscript(key: String) -> Effect {
    var key = key[...]
    while true {
      if let effect = known[String(key)] { return effect }
      guard let dot = key.lastIndex(of: ".") else { return .results }
      key = key[..<dot]
    }
  }

  mutating func declare(_ key: String, _ effect: Effect?) {
    if let effect { known[key] = effect }
  }
}
