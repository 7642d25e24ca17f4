import Files

/// What a prompt of GenEval tests.
public enum GenEvalTask: String, CaseIterable, Codable, Sendable {
  case singleObject = "single_object"
  case twoObject = "two_object"
  case counting
  case colors
  case position
  case colorAttribution = "color_attr"
}

/// The colors that GenEval tells apart, in its order.
public enum GenEvalColor: String, CaseIterable, Codable, Sendable {
  case red, orange, yellow, green, blue, purple, pink, brown, black, white
}

/// A prompt of GenEval, and what an image of it must show: a line of `evaluation_metadata.jsonl`.
public struct GenEvalPrompt: Equatable, Sendable {
  /// Where an object lies, seen from another.
  public enum Relation: String, CaseIterable, Sendable {
    case left = "left of"
    case right = "right of"
    case above, below
  }

  /// Where an object must be.
  public struct Position: Equatable, Sendable {
    /// Seen from the target.
    public var relation: Relation
    /// The place in `include` of the objects that it is relative to.
    public var target: Int
  }

  /// Objects of a class.
  public struct Objects: Equatable, Sendable {
    /// The detector's class.
    public var className: String
    /// How many.
    public var count: Int
    /// nil for any color.
    public var color: GenEvalColor?
    /// nil for any position.
    public var position: Position?
  }

  /// What the prompt tests.
  public var task: GenEvalTask
  /// At least so many of each.
  public var include: [Objects]
  /// Fewer than so many of each.
  public var exclude: [Objects]
  /// The prompt that the model gets.
  public var text: String
  /// As it stands in the file.
  public var line: String

  /// All prompts of a file. An image's folder is named by the prompt's place here.
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
  /// - Parameter place: in `include`; nil for excluded objects, which have neither color nor position.
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

  /// Refuses an object's other fields: what is misspelt would not be asked for.
  func requireOnly(_ known: [String]) throws {
    if let other = values.keys.sorted().first(where: { !known.contains($0) }) {
      throw wrong(other, expected: known.joined(separator: ", "), got: "an object's '\(other)'")
    }
  }
}
