/// What a setting's value can change. A setting declares it where it is read, or has its section's.
public enum Effect: String, Sendable, CaseIterable {
  /// What training computes.
  case results
  /// Only what is still to come: how long a run trains, what ends it, how its student is scored.
  case future
  /// How long a run takes or waits, not what comes out of it.
  case speed
  /// What is written down, and how often.
  case records
}

extension Set<Effect> {
  /// What a resume may change: all that has been computed so far would have been the same.
  public static let changeableByResume: Set = [.future, .speed, .records]
  /// What a sweep may change and still take over runs that exist: the finished run would have been the same.
  public static let changeableBySweep: Set = [.speed, .records]
}

/// The effects of all settings of a recipe, by dotted key.
struct Effects: Sendable {
  private var known = [String: Effect]()

  /// The effect of a setting or a section; one that declares none has that of the section around it.
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
