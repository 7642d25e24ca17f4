import Foundation

/// A node of a YAML document that remembers its position.
///
/// Scalars stay text until a typed read, so `no` does not silently become a boolean, nor `1.10` a number.
public struct YAMLNode: Equatable, Sendable {
  /// A scalar, a sequence or a mapping.
  public enum Content: Equatable, Sendable {
    case scalar(String, Style)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  /// The way a scalar was written. `"5"` in quotes is text, `5` may be read as a number.
  public enum Style: Equatable, Sendable {
    case plain
    case quoted
  }

  /// One entry of a mapping. Entries keep the order of the file.
  public struct Entry: Equatable, Sendable {
    /// Always a scalar; it has its own position, for errors about the key.
    public var key: YAMLNode
    /// The entry's value.
    public var value: YAMLNode
    /// A comment that is written after the value as `# comment`. Reading a file leaves it nil.
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

  /// A position in a file; lines and columns count from 1.
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

    /// The position of a node that the program made and did not read from a file.
    public static let none = Position(file: "(made by the program)", line: 0, column: 0)
  }

  /// The node's value.
  public var content: Content
  /// The position at which the node begins.
  public var position: Position

  /// A node with this value.
  public init(_ content: Content, at position: Position = .none) {
    self.content = content
    self.position = position
  }
}

// MARK: - Nodes that the program makes

extension YAMLNode {
  /// A text, quoted if it would otherwise read back as a number, a boolean or null.
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

// MARK: - Queries

extension YAMLNode {
  /// Whether the node is empty, `null` or `~`.
  public var isNull: Bool {
    if case .scalar(let text, .plain) = content { return YAMLScalar.isNull(text) }
    return false
  }

  /// The value at a key; nil if there is no such key or the node is not a mapping.
  public subscript(key: String) -> YAMLNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.name == key }?.value
  }

  /// All values other than mappings, by dotted key, as text: "training.steps": "100".
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

  /// The dotted keys of leaves that only one of the two trees has, or that differ, in order.
  public func keys(differingFrom other: YAMLNode) -> [String] {
    let (mine, theirs) = (leaves, other.leaves)
    return Set(mine.keys).union(theirs.keys).filter { mine[$0] != theirs[$0] }.sorted()
  }

  /// Whether the trees are equal apart from positions, comments and quotes.
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
