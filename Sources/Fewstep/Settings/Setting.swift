import Files
import Tensors

/// One setting as its reader declares it, for `fewstep plugins NAME` and the reference pages.
public struct Setting: Equatable, Sendable {
  /// The key with its sections: "objective.sensitivity".
  public let key: String
  /// "number", "whole number", "text", "one of a, b", "list of numbers"...
  public let type: String
  /// The default as a recipe would write it, or "none" if the setting may be left out; nil if the recipe must give it.
  public let defaultValue: String?
  /// "0 <= x < 1", or nil.
  public let range: String?
  public let affects: Effect
  public let meaning: String
}

/// A mistake in a recipe, with its position in the file.
public struct RecipeProblem: Equatable, Sendable, CustomStringConvertible {
  public let position: YAMLNode.Position
  public let message: String

  public var description: String { "\(position): \(message)" }
}

/// All mistakes in a recipe, in the order of the file.
public struct RecipeError: ExitCoded, CustomStringConvertible {
  public let problems: [RecipeProblem]
  /// How to fix them, in whole sentences.
  public var advice: String?

  public init(_ problems: [RecipeProblem]) { self.problems = problems }

  public var exitCode: Int32 { Failure.Kind.malformed.rawValue }

  public var description: String {
    problems.map(\.description).joined(separator: "\n") + (advice.map { "\n  \($0)" } ?? "")
  }
}

/// The candidate nearest to a misspelled word, if it is near enough to be the intended one.
public func nearest(_ word: String, among candidates: some Sequence<String>) -> String? {
  let ranked = candidates.map { ($0, editDistance(Array(word.lowercased()), Array($0.lowercased()))) }
  guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(2, word.count / 3) else { return nil }
  return best.0
}

/// The number of insertions, deletions, replacements and swaps of neighbors that turn one word into the other.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
  var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
  for i in 0...a.count { table[i][0] = i }
  for j in 0...b.count { table[0][j] = j }
  for i in 1...a.count {
    for j in 1...b.count {
      let replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
      }
    }
  }
  return table[a.count][b.count]
}
