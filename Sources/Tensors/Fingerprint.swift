/// The inputs that determined a result: named parts, each a hash or a short value.
///
/// Results with equal fingerprints can be compared, mixed or continued. For others `differences(from:)` gives the
/// reasons.
public struct Fingerprint: Equatable, Sendable {
  /// The parts by name, such as "weights": "9f3a…" and "precision": "float32".
  public private(set) var parts: [String: String]

  public init(_ parts: [String: String] = [:]) { self.parts = parts }

  public var isEmpty: Bool { parts.isEmpty }

  /// One hash of all parts: 16 hexadecimal digits.
  public var digest: String {
    hash(parts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"))
  }

  public subscript(name: String) -> String? {
    get { parts[name] }
    set { parts[name] = newValue }
  }

  /// The parts of both. If both have a part of the same name, the other's is used.
  public func merging(_ other: Fingerprint) -> Fingerprint { Fingerprint(parts.merging(other.parts) { $1 }) }

  /// The same parts with names that begin with `prefix` and a dot: "weights" becomes "reward.weights".
  public func prefixed(_ prefix: String) -> Fingerprint {
    Fingerprint(Dictionary(uniqueKeysWithValues: parts.map { ("\(prefix).\($0.key)", $0.value) }))
  }

  /// Only the parts that `other` has too, by name.
  public func restricted(to other: Fingerprint) -> Fingerprint { Fingerprint(parts.filter { other[$0.key] != nil }) }

  /// The differences by name: "seed: 2 instead of 1". Empty if the two are equal.
  public func differences(from other: Fingerprint) -> [String] {
    Set(parts.keys).union(other.parts.keys).sorted().compactMap { name in
      self[name] == other[name] ? nil : "\(name): \(self[name] ?? "none") instead of \(other[name] ?? "none")"
    }
  }
}

extension Fingerprint: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init(Dictionary(uniqueKeysWithValues: elements))
  }
}

extension Fingerprint: CustomStringConvertible {
  /// "precision float32, weights 9f3a…"
  public var description: String {
    parts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}

/// Encoded as a JSON object. Small whole numbers, such as a seed, are written as numbers.
extension Fingerprint: Codable {
  private struct Part: Codable {
    let text: String

    init(_ text: String) { self.text = text }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      text = if let number = try? container.decode(Int.self) { "\(number)" } else { try container.decode(String.self) }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if text.count < 12, let number = Int(text), "\(number)" == text {
        try container.encode(number)
      } else {
        try container.encode(text)
      }
    }
  }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String: Part].self).mapValues(\.text))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(parts.mapValues(Part.init))
  }
}
