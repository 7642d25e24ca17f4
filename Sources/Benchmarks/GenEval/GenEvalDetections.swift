import Files
import Foundation
import Tensors

/// An object that a detector has found.
public struct GenEvalObject: Equatable, Sendable {
  /// Edges in pixels, from the image's upper left corner.
  public struct Box: Equatable, Sendable {
    /// The left edge.
    public var left: Float
    /// The upper edge.
    public var top: Float
    /// The right edge.
    public var right: Float
    /// The lower edge.
    public var bottom: Float
  }

  /// The detector's class.
  public var className: String
  /// Its bounding box.
  public var box: Box
  /// The detector's confidence, 0 to 1.
  public var score: Float
  /// The color, if it is already known.
  public var color: GenEvalColor?
  /// An image of the same size as the original, black outside the object.
  public var mask: String?
}

/// The objects that a detector found in an image: a line of a file of detections.
///
///     {"image": "00012/samples/0000.png",
///      "objects": [{"class": "bench", "box": [x0, y0, x1, y1], "score": 0.93, "color": "red", "mask": "12-0.png"}]}
///
/// `color` and `mask` may be left out; a mask's path is relative to the file. A line of the official scorer's results
/// can be read as well: its `details` are the boxes above its threshold, without colors and masks.
public struct GenEvalDetections: Equatable, Sendable {
  /// The prompt's index in the file of prompts.
  public var index: Int
  /// "00012/samples/0000.png"
  public var image: String
  /// All that the detector found.
  public var objects: [GenEvalObject]
  /// "detections.jsonl:3"
  public var place: String

  /// - Throws: `Failure` naming the line and the field.
  public static func read(_ path: String) throws -> [GenEvalDetections] {
    let folder = (path as NSString).deletingLastPathComponent
    var seen = [String: Int]()
    return try JSONLines.read(path).map { row in
      let isOfficial = row.fields.has("details")
      let key = isOfficial ? "filename" : "image"
      let (index, image) = try row.fields.image(key)
      if let first = seen.updateValue(row.number, forKey: image) {
        throw row.fields.wrong(key, expected: "each image once", got: "'\(image)', which is in line \(first) as well")
      }
      let objects =
        try isOfficial
        ? row.fields.details()
        : row.fields.objects("objects").map {
          try GenEvalObject($0, folder)
        }
      return GenEvalDetections(index: index, image: image, objects: objects, place: row.place)
    }
  }
}

extension GenEvalBenchmark {
  /// The detections for the benchmark's prompts; those beyond its limit are left out.
  ///
  /// - Throws: `Failure` naming an image that belongs to no prompt.
  public func matching(_ detections: [GenEvalDetections]) throws -> [GenEvalDetections] {
    if let other = detections.first(where: { !all.indices.contains($0.index) }) {
      throw Failure(
        .malformed, at: "\(other.place): \(other.image)", expected: "a prompt from 0 to \(all.count - 1)",
        got: "prompt \(other.index)")
    }
    let wanted = Set(indices)
    return detections.filter { wanted.contains($0.index) }
  }
}

extension ModelConfig {
  /// Parses an image's path by the official scorer's own rule: folders of digits, names of digits.
  ///
  /// - Returns: the prompt's index, and the path relative to the layout's root.
  func image(_ key: String) throws -> (index: Int, path: String) {
    let text = try text(key)
    let parts = text.split(separator: "/").suffix(3)
    guard parts.count == 3, let folder = parts.first, let name = parts.last, folder.allSatisfy(\.isDigit),
      let index = Int(folder), parts.dropFirst().first == "samples", name.hasSuffix(".png"), name.count > 4,
      name.dropLast(4).allSatisfy(\.isDigit)
    else { throw wrong(key, expected: "INDEX/samples/NUMBER.png", got: "'\(text)'") }
    return (index, parts.joined(separator: "/"))
  }

  /// The official scorer's boxes of each class: [x0, y0, x1, y1, score].
  fileprivate func details() throws -> [GenEvalObject] {
    let classes = try JSONLines.object(text("details"), at: "\(path): details")
    return try classes.keys.sorted().flatMap { name in
      let fields = ModelConfig(["class": .string(name), "boxes": classes[name] ?? .null], path: "\(path): details")
      let className = try fields.className("class")
      guard case .array(let boxes)? = classes[name] else {
        throw wrong("details", expected: "a list of boxes for each class", got: "\(classes[name] ?? .null)")
      }
      return try boxes.map { box in
        let row = ModelConfig(["box": box], path: "\(path): details: \(name)")
        let numbers = try row.numbers("box")
        guard numbers.count == 5 else {
          throw row.wrong("box", expected: "[x0, y0, x1, y1, score]", got: "\(box)")
        }
        return GenEvalObject(
          className: className, box: try row.box("box", Array(numbers.prefix(4))),
          score: try row.confidence("box", numbers[4]))
      }
    }
  }

  /// A confidence to compare with thresholds. A percentage would pass all of them, so it is refused.
  fileprivate func confidence(_ key: String, _ number: Double) throws -> Float {
    guard (0...1).contains(number) else { throw wrong(key, expected: "a score of 0 to 1", got: "\(number)") }
    return Float(number)
  }

  fileprivate func box(_ key: String, _ numbers: [Double]) throws -> GenEvalObject.Box {
    // Far outside any image, yet small enough that rounding fits in an integer.
    guard numbers.count == 4, numbers.allSatisfy({ Swift.abs($0) < 1e7 }), numbers[0] <= numbers[2],
      numbers[1] <= numbers[3]
    else {
      throw wrong(key, expected: "[x0, y0, x1, y1] in pixels, x0 up to x1 and y0 up to y1", got: "\(numbers)")
    }
    let edges = numbers.map { Float($0) }
    return GenEvalObject.Box(left: edges[0], top: edges[1], right: edges[2], bottom: edges[3])
  }
}

extension GenEvalObject {
  fileprivate init(_ fields: ModelConfig, _ folder: String) throws {
    className = try fields.className("class")
    box = try fields.box("box", fields.numbers("box"))
    score = try fields.confidence("score", fields.number("score"))
    color = try fields.has("color") ? fields.choice("color") : nil
    mask = try fields.has("mask") ? fields.text("mask") : nil
    if let relative = mask, !relative.hasPrefix("/") { mask = folder.isEmpty ? relative : "\(folder)/\(relative)" }
    try fields.requireOnly(["class", "box", "score", "color", "mask"])
  }
}

extension Character {
  fileprivate var isDigit: Bool { isASCII && isNumber }
}
