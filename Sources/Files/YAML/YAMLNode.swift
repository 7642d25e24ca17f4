import Foundation

/// A piece of a YAML document that remembers where it was written.
///
/// Scalars stay text until a typed read asks for more, so `no` is not secretly a boolean and `1.10` not secretly a number.
public struct YAMLNode: Equatable, Sendable {
  /// A scalar, a sequence or a mapping.
  public enum Content: Equatable, Sendable {
    case scalar(String, Style)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  /// How a scalar was written. `"5"` in quotes is text, `5` may be read as a number.
  public enum Style: Equatable, Sendable {
    case plain
    case quoted
  }

  /// One line of a mapping. Entries keep the order of the file.
  public struct Entry: Equatable, Sendable {
    /// Always a scalar; it has a position of its own, for errors about the key.
    public var key: YAMLNode
    /// The entry's value.
    public var value: YAMLNode
    /// Written after the value as `# comment`. Reading a file leaves it nil.
    public var comment: String?

    /// An entry of a mapping.
    public init(key: YAMLNode, value: YAMLNode, comment: String? = nil) {
      self.key = key
      self.value = value
      self.comment = comment
    }

    /// An entry whose key is a plain scalar.
    public init(_ name: String, _ value: YAMLNode, comment: String? = nil) {
      self.init(key: .string(name), value: value, comment: comment)
    }

    /// The key, if it is a scalar; empty otherwise.
    public var name: String {
      if case .scalar(let text, _) = key.content { return text }
      return ""
    }
  }

  /// A place in a file; lines and columns count from 1.
  public struct Position: Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The file, or another source of the text.
    public var file: String
    /// From 1 on; 0 if unknown.
    public var line: Int
    /// From 1 on; 0 if unknown.
    public var column: Int

    /// A position in a file.
    public init(file: String, line: Int, column: Int) {
      self.file = file
      self.line = line
      self.column = column
    }

    public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }

    /// Of a node that was made by the program and not read from a file.
    public static let none = Position(file: "(made by the program)", line: 0, column: 0)
  }

  /// The node's value.
  public var content: Content
  /// Where the node begins.
  public var position: Position

  /// A node of a value.
  public init(_ content: Content, at position: Position = .none) {
    self.content = content
    self.position = position
  }
}

// MARK: - Nodes made by the program

extension YAMLNode {
  /// Text, quoted where plain letters would read back as a number, a boolean or nothing.
  public static func string(_ text: String) -> YAMLNode {
    YAMLNode(.scalar(text, YAMLScalar.meansMoreThanText(text) ? .quoted : .plain))
  }

  /// A scalar with a whole number.
  public static func integer(_ value: Int) -> YAMLNode { YAMLNode(.scalar(String(value), .plain)) }

  /// The shortest decimal text that reads back as the same `Double`.
  public static func number(_ value: Double) -> YAMLNode {
    if value.isNaN { return YAMLNode(.scalar(".nan", .plain)) }
    if value.isInfinite { return YAMLNode(.scalar(value < 0 ? "-.inf" : ".inf", .plain)) }
    return YAMLNode(.scalar("\(value)", .plain))
  }

  /// The scalar true or false.
  public static func boolean(_ value: Bool) -> YAMLNode { YAMLNode(.scalar(value ? "true" : "false", .plain)) }

  /// A sequence of nodes.
  public static func sequence(_ items: [YAMLNode]) -> YAMLNode { YAMLNode(.sequence(items)) }

  /// A mapping of entries.
  public static func mapping(_ entries: [Entry]) -> YAMLNode { YAMLNode(.mapping(entries)) }

  /// The scalar null.
  public static let null = YAMLNode(.scalar("null", .plain))
}

// MARK: - Looking around

extension YAMLNode {
  /// Nothing was written, or `null` or `~`.
  public var isNull: Bool {
    if case .scalar(let text, .plain) = content { return YAMLScalar.isNull(text) }
    return false
  }

  /// The value at a key, or nil if there is no such key or this is no mapping.
  public subscript(key: String) -> YAMLNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.name == key }?.value
  }

  /// Everything that is no mapping, by dotted key, as text: "training.steps": "100".
  public var leaves: [String: String] {
    guard case .mapping(let entries) = content else {
      return ["": text().trimmingCharacters(in: .whitespacesAndNewlines)]
    }
    var all = [String: String]()
    for entry in entries {
      for (key, text) in entry.value.leaves { all[key.isEmpty ? entry.name : "\(entry.name).\(key)"] = text }
    }
    return all
  }

  /// The dotted keys of leaves that only one of two trees has, or that differ, in order.
  public func keys(differingFrom other: YAMLNode) -> [String] {
    let (mine, theirs) = (leaves, other.leaves)
    return Set(mine.keys).union(theirs.keys).filter { mine[$0] != theirs[$0] }.sorted()
  }

  /// The same tree, whatever the places, comments and quotes.
  public func hasSameValue(as other: YAMLNode) -> Bool {
    switch (content, other.content) {
    case (.scalar(let a, _), .scalar(let b, _)):
      return isNull == other.isNull && (isNull || a == b)
    case (.sequence(let a), .sequence(let b)):
      return a.count == b.count && zip(a, b).allSatisfy { $0.hasSameValue(as: $1) }
    case (.mapping(let a), .mapping(let b)):
      return a.count == b.count
        && zip(a, b).allSatisfy { $0.name == $1.name && $0.value.hasSameValue(as: $1.value) }
    default:
      return false
    }
  }
}
