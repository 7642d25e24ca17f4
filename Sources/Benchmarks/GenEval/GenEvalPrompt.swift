import Files

/// The ability that a prompt of GenEval tests.
public enum GenEvalTask: String, CaseIterable, Codable, Sendable {
  case singleObject = "single_object"
  case twoObject = "two_object"
  case counting
  case colors
  case position
  case colorAttribution = "color_attr"
}

/// The colors that GenEval distinguishes, in its order.
public enum GenEvalColor: String, CaseIterable, Codable, Sendable {
  case red, orange, yellow, green, blue, purple, pink, brown, black, white
}

/// A prompt of GenEval with the requirements for its images: a line of `evaluation_metadata.jsonl`.
public struct GenEvalPrompt: Equatable, Sendable {
  /// The position of an object relative to another.
  public enum Relation: String, CaseIterable, Sendable {
    case left = "left of"
    case right = "right of"
    case above, below
  }

  /// The required position of an object.
  public struct Position: Equatable, Sendable {
    /// The relation as seen from the target.
    public var relation: Relation
    /// The index in `include` of the objects that it is relative to.
    public var target: Int
  }

  /// Objects of a class.
  public struct Objects: Equatable, Sendable {
    /// The detector's class.
    public var className: String
    /// The number of objects.
    public var count: Int
    /// nil for any color.
    public var color: GenEvalColor?
    /// nil for any position.
    public var position: Position?
  }

  /// The ability that the prompt tests.
  public var task: GenEvalTask
  /// An image must contain at least this many of each.
  public var include: [Objects]
  /// An image must contain fewer than this many of each.
  public var exclude: [Objects]
  /// The prompt for the model.
  public var text: String
  /// The line as written in the file.
  public var line: String

  /// All prompts of a file. An image's folder is named by the prompt's position here.
  ///
  /// - Throws: `Failure` naming the line and the field.
  public static func read(_ path: String) throws -> [GenEvalPrompt] {
    try JSONLines.read(path).map { try GenEvalPrompt($0.fields, line: $0.text) }
  }

  init(_ fields: ModelConfig, line: String) throws {
    self.line = line
    task = try fields.choice("tag")
    text = try fields.text("prompt")
    if text.isEmpty { throw fields.wrong("prompt", expected: "a prompt", got: "an empty text") }
    include = try fields.objects("include", absent: []).enumerated().map { try Objects($1, place: $0) }
    exclude = try fields.objects("exclude", absent: []).map { try Objects($0, place: nil) }
    if include.isEmpty, exclude.isEmpty { throw fields.wrong("include", expected: "objects", got: "none") }
  }
}

extension GenEvalPrompt.Objects {
  /// - Parameter place: the index in `include`; nil for excluded objects, which have neither color nor position.
  fileprivate init(_ fields: ModelConfig, place: Int?) throws {
    try fields.requireOnly(place == nil ? ["class", "count"] : ["class", "count", "color", "position"])
    className = try fields.className("class")
    count = try fields.integer("count")
    guard count > 0 else { throw fields.wrong("count", expected: "1 or more", got: "\(count)") }
    color = try fields.has("color") ? fields.choice("color") : nil
    position = nil
    guard let place, fields.has("position") else { return }
    let expected = "[a relation, the number of an earlier object of include]"
    guard case .array(let parts)? = fields.values["position"], parts.count == 2,
      let relation = parts[0].string.flatMap(GenEvalPrompt.Relation.init), case .integer(let target) = parts[1],
      (0..<place).contains(target)
    else {
      throw fields.wrong("position", expected: expected, got: "\(fields.values["position"] ?? .null)")
    }
    position = GenEvalPrompt.Position(relation: relation, target: target)
  }
}

extension ModelConfig {
  /// One of the detector's classes.
  func className(_ key: String) throws -> String {
    let name = try text(key)
    guard GenEvalClasses.names.contains(name) else {
      throw wrong(key, expected: "a class of GenEval's object_names.txt", got: "'\(name)'")
    }
    return name
  }

  /// Refuses an object's other fields: a misspelled requirement would not be checked.
  func requireOnly(_ known: [String]) throws {
    if let other = values.keys.sorted().first(where: { !known.contains($0) }) {
      throw wrong(other, expected: known.joined(separator: ", "), got: "an object's '\(other)'")
    }
  }
}
