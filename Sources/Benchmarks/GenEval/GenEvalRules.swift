/// Judges whether an image shows what its prompt requires, by the rules of GenEval's `evaluate_images.py`, with the
/// same messages.
///
/// Arithmetic is in float32 as in the original, so that a box on a boundary gets the same verdict.
public enum GenEvalRules {
  /// The minimum confidence of an object that counts.
  static let confidence: Float = 0.3
  static let countingConfidence: Float = 0.9
  /// The maximum number of objects per class; the most confident ones are kept.
  static let mostObjects = 16
  /// The margin by which the distance of two objects is reduced, as a share of both sizes.
  static let positionMargin: Float = 0.1

  /// The outcome for an image.
  public struct Verdict: Equatable, Sendable {
    /// Whether the image shows everything that its prompt requires.
    public var isCorrect: Bool
    /// One line for each mistake.
    public var reason: String
  }

  /// The objects that count for each class, the most confident first.
  public static func kept(_ objects: [GenEvalObject], for task: GenEvalTask) -> [String: [GenEvalObject]] {
    let threshold = task == .counting ? countingConfidence : confidence
    return Dictionary(grouping: objects.filter { $0.score > threshold }, by: \.className).mapValues { objects in
      // The reference sorts in ascending order and reverses. Its order of equal confidences depends on NumPy.
      let sorted = objects.enumerated().sorted { ($0.element.score, $0.offset) > ($1.element.score, $1.offset) }
      return sorted.prefix(mostObjects).map(\.element)
    }
  }

  /// - Parameters:
  ///   - objects: the result of `kept`.
  ///   - colors: colors of some objects of a class, in order; called only if the prompt names a color.
  public static func verdict(
    _ prompt: GenEvalPrompt, _ objects: [String: [GenEvalObject]],
    colors: ([GenEvalObject]) throws -> [GenEvalColor]
  ) rethrows -> Verdict {
    var reasons = [String]()
    var groups = [[GenEvalObject]?]()
    for wanted in prompt.include {
      let found = Array((objects[wanted.className] ?? []).prefix(wanted.count))
      let reason =
        try missing(wanted, found) ?? wrongColor(wanted, found, colors) ?? wrongPosition(wanted, found, groups)
      if let reason { reasons.append(reason) }
      groups.append(reason == nil ? found : nil)
    }
    for unwanted in prompt.exclude {
      let count = objects[unwanted.className]?.count ?? 0
      if count >= unwanted.count {
        reasons.append("expected \(unwanted.className)<\(unwanted.count), found \(count)")
      }
    }
    return Verdict(isCorrect: reasons.isEmpty, reason: reasons.joined(separator: "\n"))
  }

  private static func missing(_ wanted: GenEvalPrompt.Objects, _ found: [GenEvalObject]) -> String? {
    found.count < wanted.count ? "expected \(wanted.className)>=\(wanted.count), found \(found.count)" : nil
  }

  private static func wrongColor(
    _ wanted: GenEvalPrompt.Objects, _ found: [GenEvalObject], _ colors: ([GenEvalObject]) throws -> [GenEvalColor]
  ) rethrows -> String? {
    guard let color = wanted.color else { return nil }
    let seen = try colors(found)
    func count(_ color: GenEvalColor) -> Int { seen.count { $0 == color } }
    guard count(color) < wanted.count else { return nil }
    let all = GenEvalColor.allCases.filter { count($0) > 0 }.map { "\(count($0)) \($0)" }.joined(separator: ", ")
    return "expected \(color) \(wanted.className)>=\(wanted.count), found \(count(color)) \(color); and \(all)"
  }

  private static func wrongPosition(
    _ wanted: GenEvalPrompt.Objects, _ found: [GenEvalObject], _ groups: [[GenEvalObject]?]
  ) -> String? {
    guard let position = wanted.position else { return nil }
    let relation = position.relation.rawValue
    guard let targets = groups[position.target] else { return "no target for \(wanted.className) to be \(relation)" }
    for object in found {
      for target in targets {
        let relations = relations(of: object.box, to: target.box)
        if !relations.contains(position.relation) {
          let names = relations.map(\.rawValue).joined(separator: " and ")
          return "expected \(wanted.className) \(relation) target, found \(names) target"
        }
      }
    }
    return nil
  }

  /// The positions of one box relative to another: none if they are too near, two in the corners.
  static func relations(of a: GenEvalObject.Box, to b: GenEvalObject.Box) -> [GenEvalPrompt.Relation] {
    let offset = (x: a.center.x - b.center.x, y: a.center.y - b.center.y)
    func shortened(_ offset: Float, _ sizes: Float) -> Float {
      max(offset.magnitude - positionMargin * sizes, 0) * (offset < 0 ? -1 : 1)
    }
    let short = (x: shortened(offset.x, a.width + b.width), y: shortened(offset.y, a.height + b.height))
    if short.x.magnitude < 1e-3, short.y.magnitude < 1e-3 { return [] }
    let length = (offset.x * offset.x + offset.y * offset.y).squareRoot()
    let (x, y) = (short.x / length, short.y / length)
    return [(x < -0.5, .left), (x > 0.5, .right), (y < -0.5, .above), (y > 0.5, .below)].compactMap { $0 ? $1 : nil }
  }
}

extension GenEvalObject.Box {
  var width: Float { right - left }
  var height: Float { bottom - top }
  var center: (x: Float, y: Float) { ((left + right) / 2, (top + bottom) / 2) }
}
